//! Values from the flat text of tags that C++ writes (engines.h).

use std::sync::Arc;

use regorus::Value;

const MAX_DEPTH: usize = 128;
/// Doubles up to here that are whole become integers, which compare and print alike.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|head| head[0])
    }

    fn ends_with(&mut self, tag: u8) -> bool {
        let ends = self.rest.first() == Some(&tag);
        if ends {
            self.rest = &self.rest[1..];
        }
        ends
    }

    fn string(&mut self) -> Option<Value> {
        let size = u32::from_ne_bytes(self.take(4)?.try_into().ok()?);
        let text = std::str::from_utf8(self.take(size as usize)?).ok()?;
        Some(Value::String(Arc::from(text)))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        Some(match self.byte()? {
            b'n' => Value::Null,
            b't' => Value::Bool(true),
            b'f' => Value::Bool(false),
            b'd' => number(f64::from_ne_bytes(self.take(8)?.try_into().ok()?)),
            b's' => self.string()?,
            b'[' => {
                let mut items = Vec::new();
                while !self.ends_with(b']') {
                    items.push(self.value(depth + 1)?);
                }
                Value::from(items)
            }
            b'{' => {
                let mut object = Value::new_object();
                let members = object.as_object_mut().ok()?;
                while !self.ends_with(b'}') {
                    let key = self.string()?;
                    members.insert(key, self.value(depth + 1)?);
                }
                object
            }
            _ => return None,
        })
    }
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= SAFE_INTEGER {
        #[allow(clippy::cast_possible_truncation)] // whole and in range
        return Value::from(value as i64);
    }
    Value::from(value)
}

pub fn read(data: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: data };
    let value = reader.value(0)?;
    reader.rest.is_empty().then_some(value)
}

/// An object of those members that there are.
pub fn with_members(members: &[(&str, Option<&Value>)]) -> Value {
    let mut object = Value::new_object();
    if let Ok(map) = object.as_object_mut() {
        for (name, value) in members {
            if let Some(value) = value {
                map.insert(Value::String(Arc::from(*name)), (*value).clone());
            }
        }
    }
    object
}
