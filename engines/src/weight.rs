//! What values and numbers weigh once they are written out. A value may hold another one many
//! times, and a few letters of an exponent stand for as many digits as they say.

use anyhow::{Result, bail};
use regorus::Value;

use crate::limits::{Exceeded, afford, make, remaining};

/// Of a number that is written with an exponent.
const MAX_EXPONENT: u64 = 10_000;
/// Of an integer that a script makes: it takes long to be written.
pub const MAX_BITS: u64 = 100_000;
/// Values within one another: they are printed, compared and let go by functions that call themselves.
const MAX_NESTING: u64 = 256;
/// Of a value that is deeper.
const TOO_DEEP: u64 = u64::MAX;
/// Spaces for each level that the interpreter puts before a line, where it prints two values that conflict.
const INDENT: u64 = 2;

/// Of an integer that is larger than a word; 64 of all else.
pub fn bits(value: &Value) -> u64 {
    match value {
        Value::Number(number) if number.as_i64().is_none() => number.as_big().map_or(64, |integer| integer.bits().max(64)),
        _ => 64,
    }
}

/// What is escaped in JSON by six bytes.
fn controls(text: &str) -> u64 {
    text.bytes().filter(u8::is_ascii_control).count() as u64
}

/// Bytes of `value` as a text, about; from `most` on it is not counted further. A level of nesting
/// adds `indent` to each line.
fn written(value: &Value, indent: u64, depth: u64, most: u64) -> u64 {
    if depth > MAX_NESTING {
        return TOO_DEEP;
    }
    let mut sum: u64 = 4 + indent * depth;
    let mut add = |part: &Value| {
        sum = sum.saturating_add(written(part, indent, depth + 1, most.saturating_sub(sum)));
        sum < most
    };
    match value {
        Value::String(text) => sum += text.len() as u64 * 2 + controls(text) * 4,
        Value::Number(_) => sum += bits(value) / 3,
        Value::Array(items) => {
            items.iter().all(&mut add);
        }
        Value::Set(items) => {
            items.iter().all(&mut add);
        }
        Value::Object(members) => {
            members.iter().all(|(key, value)| add(key) && add(value));
        }
        _ => {}
    }
    sum
}

pub fn within(bytes: u64, most: u64) -> Result<(), Exceeded> {
    match bytes {
        TOO_DEEP => Err(Exceeded::Depth),
        _ if bytes >= most => Err(Exceeded::Memory),
        _ => Ok(()),
    }
}

/// Whether `value` can be written out within the limits.
pub fn afford_text(value: &Value, indent: u64) -> Result<(), Exceeded> {
    let most = remaining()?.memory;
    let bytes = written(value, indent, 0, most);
    within(bytes, most)?;
    afford(bytes / 4, bytes)
}

/// Bytes of `value` as a text, about; no more than about `most` are counted.
pub fn weigh(value: &Value, most: u64) -> u64 {
    written(value, INDENT, 0, most)
}

/// Bytes of a string that weighs no more than its place in an array.
const MAX_LIGHT_STRING: usize = 16;

/// Of what is put into another value: numbers and the like take their place there, and no more.
fn weigh_part(value: &Value, most: u64) -> u64 {
    match value {
        Value::String(text) if text.len() <= MAX_LIGHT_STRING => 0,
        Value::Number(number) if number.as_i64().is_some() => 0,
        Value::Null | Value::Bool(_) | Value::Undefined => 0,
        _ => weigh(value, most),
    }
}

/// Counts a value that is put into another one.
pub fn measure_part(value: &Value) -> Result<(), Exceeded> {
    make(|most| weigh_part(value, most))
}

/// Counts what a value was made of.
pub fn measure(value: &Value) -> Result<(), Exceeded> {
    if bits(value) > MAX_BITS {
        return Err(Exceeded::Digits);
    }
    make(|most| {
        let mut sum: u64 = 0;
        let mut add = |part: &Value| {
            sum = sum.saturating_add(weigh_part(part, most.saturating_sub(sum)));
            sum < most
        };
        match value {
            Value::Array(items) => items.iter().all(&mut add),
            Value::Set(items) => items.iter().all(&mut add),
            Value::Object(members) => members.iter().all(|(key, value)| add(key) && add(value)),
            _ => true,
        };
        sum
    })
}

/// Whether arrays, sets and objects are within one another more often than `most`.
pub fn is_deeper(value: &Value, most: usize) -> bool {
    let inner = |value: &Value| most == 0 || is_deeper(value, most - 1);
    match value {
        Value::Array(items) => items.iter().any(inner),
        Value::Set(items) => items.iter().any(inner),
        Value::Object(members) => members.iter().any(|(key, value)| inner(key) || inner(value)),
        _ => false,
    }
}

/// Of a text that begins with a digit: the exponent of the number there.
fn exponent(text: &str) -> Option<u64> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '_'));
    let rest = rest.strip_prefix(['e', 'E'])?;
    let rest = rest.strip_prefix('+').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
    if rest[end..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None; // no number: 3e99ff
    }
    let digits = rest[..end].replace('_', "");
    if digits.is_empty() { None } else { Some(digits.parse().unwrap_or(u64::MAX)) }
}

pub fn is_huge_number(text: &str) -> bool {
    exponent(text).is_some_and(|exponent| exponent > MAX_EXPONENT)
}

/// Whether the numbers of a JSON document can be afforded; what is within strings is none.
pub fn afford_json_numbers(document: &str) -> Result<()> {
    let (mut is_text, mut is_escaped) = (false, false);
    let outside: String = document
        .chars()
        .map(|c| {
            let was_text = is_text;
            if is_escaped {
                is_escaped = false;
            } else if c == '"' {
                is_text = !is_text;
            } else {
                is_escaped = is_text && c == '\\';
            }
            if was_text { ' ' } else { c }
        })
        .collect();
    afford_numbers(&outside)
}

/// Whether the numbers of a document can be afforded, and what looks like one.
pub fn afford_numbers(document: &str) -> Result<()> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
    let mut digits = 0_u64;
    for word in document.split(|c| !is_part(c)) {
        let word = word.trim_start_matches(['+', '-']);
        if !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            continue;
        }
        let Some(exponent) = exponent(word) else { continue };
        if exponent > MAX_EXPONENT {
            bail!("an exponent is at most {MAX_EXPONENT}");
        }
        digits += exponent;
    }
    Ok(afford(digits * 10, digits)?)
}
