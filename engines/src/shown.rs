//! Values as explanations show them: cut. The gateway cuts those of CEL alike (shown_value.h).

use regorus::Value;

const MAX_TEXT: usize = 100;
const MAX_ITEMS: usize = 10;
const MAX_DEPTH: u32 = 3;
/// Of a value that holds others: from here on, no further one is begun.
const MAX_BYTES: usize = 500;
/// Of an integer.
const MAX_BITS: u64 = 256;

pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Undefined => "undefined",
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Set(_) => "set",
        Value::Object(_) => "object",
    }
}

/// What may be said of a value that is not shown.
pub fn show_size(value: &Value) -> String {
    let kind = type_name(value);
    match value {
        Value::String(text) => format!("{kind} of {} bytes", text.len()),
        Value::Array(items) => format!("{kind} of {}", items.len()),
        Value::Set(items) => format!("{kind} of {}", items.len()),
        Value::Object(members) => format!("{kind} of {}", members.len()),
        _ => kind.to_string(),
    }
}

/// As a script would write it, but for what is too much.
pub fn show(value: &Value) -> String {
    let mut out = String::new();
    append(&mut out, value, 0);
    out
}

fn append(out: &mut String, value: &Value, depth: u32) {
    match value {
        Value::Undefined => {}
        Value::Null => *out += "null",
        Value::Bool(value) => *out += &value.to_string(),
        Value::Number(number) if crate::weight::bits(value) > MAX_BITS => {
            let bits = number.as_big().map_or(0, |integer| integer.bits());
            *out += &format!("a number of {bits} bits");
        }
        Value::Number(_) => *out += &serde_json::to_string(value).unwrap_or_default(),
        Value::String(text) => append_text(out, text),
        Value::Array(items) => append_all(out, ('[', ']'), items.len(), depth, items.iter(), |out, item| append(out, item, depth + 1)),
        Value::Set(items) if items.is_empty() => *out += "set()",
        Value::Set(items) => append_all(out, ('{', '}'), items.len(), depth, items.iter(), |out, item| append(out, item, depth + 1)),
        Value::Object(members) => append_all(out, ('{', '}'), members.len(), depth, members.iter(), |out, (key, value)| {
            append(out, key, depth + 1);
            *out += ": ";
            append(out, value, depth + 1);
        }),
    }
}

fn append_text(out: &mut String, text: &str) {
    let cut = (0..=MAX_TEXT.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    *out += &serde_json::Value::from(&text[..cut]).to_string();
    if cut < text.len() {
        *out += &format!("... {} bytes in all", text.len());
    }
}

fn append_all<T>(out: &mut String, brackets: (char, char), count: usize, depth: u32, all: impl Iterator<Item = T>, mut add: impl FnMut(&mut String, T)) {
    out.push(brackets.0);
    for (index, each) in all.enumerate() {
        if index > 0 {
            *out += ", ";
        }
        if index == MAX_ITEMS || depth >= MAX_DEPTH || out.len() > MAX_BYTES {
            *out += &format!("... {count} in all");
            break;
        }
        add(out, each);
    }
    out.push(brackets.1);
}
