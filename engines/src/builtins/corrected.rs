//! Builtins of the crate that do not do what OPA's do.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use regorus::Value;

use super::{Builtin, guarded, native, text};
use crate::limits::afford;

const NANOSECONDS: i128 = 1_000_000_000;
const DAY: i128 = 86_400;

/// Whether a text is of a form; what is no text is not.
macro_rules! is_valid {
    ($name:literal, $expression:literal, $guard:expr) => {
        Builtin {
            name: $name,
            arity: 1,
            run: |arguments| match &arguments[0] {
                Value::String(_) => {
                    $guard(arguments)?;
                    native::evaluate($expression, arguments)
                }
                _ => Ok(Value::Bool(false)),
            },
        }
    };
}

fn unguarded(_: &[Value]) -> Result<()> {
    Ok(())
}

pub const BUILTINS: &[Builtin] = &[
    is_valid!("base64.is_valid", "base64.is_valid(input[0])", unguarded),
    Builtin { name: "indexof", arity: 2, run: index_of },
    is_valid!("json.is_valid", "json.is_valid(input[0])", guarded::numbers_in_text),
    Builtin { name: "json.marshal", arity: 1, run: marshal },
    is_valid!("net.cidr_is_valid", "net.cidr_is_valid(input[0])", unguarded),
    Builtin { name: "regex.template_match", arity: 4, run: template_match },
    is_valid!("semver.is_valid", "semver.is_valid(input[0])", unguarded),
    Builtin { name: "strings.count", arity: 2, run: count },
    Builtin { name: "strings.replace_n", arity: 2, run: replace_many },
    Builtin { name: "time.add_date", arity: 4, run: add_date },
    Builtin { name: "urlquery.decode", arity: 1, run: |arguments| Ok(Value::from(unescaped(text(&arguments[0])?)?)) },
    Builtin { name: "urlquery.decode_object", arity: 1, run: decode_object },
    Builtin { name: "urlquery.encode", arity: 1, run: encode },
    Builtin { name: "urlquery.encode_object", arity: 1, run: encode_object },
    is_valid!("yaml.is_valid", "yaml.is_valid(input[0])", guarded::aliases),
];

fn index_of(arguments: &[Value]) -> Result<Value> {
    let (whole, part) = (text(&arguments[0])?, text(&arguments[1])?);
    if part.is_empty() {
        bail!("the text to look for is empty");
    }
    let found = whole.find(part).map(|at| whole[..at].chars().count() as i64);
    Ok(Value::from(found.unwrap_or(-1)))
}

/// Go writes these three so that a browser takes them for nothing.
fn marshal(arguments: &[Value]) -> Result<Value> {
    guarded::written(arguments)?;
    let json = native::evaluate("json.marshal(input[0])", arguments)?;
    let plain = text(&json)?;
    if !plain.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return Ok(json);
    }
    afford(0, plain.len() as u64 * 6)?;
    let mut out = String::with_capacity(plain.len() + 64);
    for c in plain.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    Ok(Value::from(out))
}

/// `urn:{a|b}:{.*}`: one pattern, of what is outside as it is and what is between the delimiters.
fn template_match(arguments: &[Value]) -> Result<Value> {
    guarded::template(arguments)?;
    let delimiter = |value| {
        let mut characters = text(value)?.chars();
        match (characters.next(), characters.next()) {
            (Some(one), None) => Ok(one),
            _ => Err(anyhow!("a delimiter is one character")),
        }
    };
    let (open, close) = (delimiter(&arguments[2])?, delimiter(&arguments[3])?);
    let mut pattern = String::from("^");
    let mut depth = 0_usize;
    for c in text(&arguments[0])?.chars() {
        if c == close && depth > 0 {
            depth -= 1;
            pattern.push(if depth == 0 { ')' } else { c });
        } else if c == close {
            bail!("the delimiters are not balanced");
        } else if c == open {
            pattern.push_str(if depth == 0 { "(?:" } else { &text(&arguments[2])? });
            depth += 1;
        } else if depth > 0 {
            pattern.push(c);
        } else {
            push_literal(c, &mut pattern);
        }
    }
    if depth > 0 {
        bail!("the delimiters are not balanced");
    }
    let of_regex = [Value::from(pattern + "$"), arguments[1].clone()];
    guarded::pattern_first(&of_regex)?;
    native::evaluate("regex.match(input[0], input[1])", &of_regex)
}

/// As it stands in a regular expression. `\<` would be the start of a word.
pub fn push_literal(c: char, pattern: &mut String) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        pattern.push('\\');
    }
    pattern.push(c);
}

fn count(arguments: &[Value]) -> Result<Value> {
    let (whole, part) = (text(&arguments[0])?, text(&arguments[1])?);
    let found = if part.is_empty() { whole.chars().count() + 1 } else { whole.matches(part).count() };
    Ok(Value::from(found as u64))
}

/// In one pass: what was put in is not looked at again. Of several that fit, the first by name.
fn replace_many(arguments: &[Value]) -> Result<Value> {
    guarded::replace_many(arguments)?;
    let patterns = arguments[0].as_object().map_err(|_| anyhow!("an object of patterns is needed"))?;
    let mut sorted = BTreeMap::new();
    for (old, new) in patterns.iter() {
        sorted.insert(text(old)?, text(new)?);
    }
    let of_nothing = sorted.remove("");
    let mut rest = text(&arguments[1])?;
    let mut out = String::new();
    let mut was_nothing = false;
    loop {
        if let (Some(new), false) = (of_nothing, was_nothing) {
            out.push_str(new);
            was_nothing = true;
            continue;
        }
        was_nothing = false;
        if let Some((old, new)) = sorted.iter().find(|(old, _)| rest.starts_with(**old)) {
            out.push_str(new);
            rest = &rest[old.len()..];
            continue;
        }
        let mut characters = rest.chars();
        let Some(kept) = characters.next() else { return Ok(Value::from(out)) };
        out.push(kept);
        rest = characters.as_str();
    }
}

/// What is too many days for a month goes on into the next: a month after 31 January is in March.
fn add_date(arguments: &[Value]) -> Result<Value> {
    let whole = |value: &Value| match value {
        Value::Number(number) if number.is_integer() => {
            number.as_i64().map(i128::from).ok_or_else(|| anyhow!("a number is too large"))
        }
        _ => Err(anyhow!("a whole number is needed")),
    };
    if let Value::Array(_) = arguments[0] {
        return native::evaluate("time.add_date(input[0], input[1], input[2], input[3])", arguments);
    }
    let at = whole(&arguments[0])?;
    let (day_number, within) = (at.div_euclid(DAY * NANOSECONDS), at.rem_euclid(DAY * NANOSECONDS));
    let (year, month, day) = date_of(day_number);
    let months = (year + whole(&arguments[1])?) * 12 + (month - 1) + whole(&arguments[2])?;
    let first = day_of(months.div_euclid(12), months.rem_euclid(12) + 1);
    let then = (first + day - 1 + whole(&arguments[3])?) * DAY * NANOSECONDS + within;
    match i64::try_from(then) {
        Ok(nanoseconds) => Ok(Value::from(nanoseconds)),
        Err(_) => bail!("the time is out of range"),
    }
}

/// Of days since 1970: year, month and day of the Gregorian calendar.
fn date_of(days: i128) -> (i128, i128, i128) {
    // Counted from March of the year 0, so that the day that may be missing is a year's last.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i128::from(month <= 2), month, day)
}

/// The first of a month, in days since 1970.
fn day_of(year: i128, month: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

fn push_escaped(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

fn unescaped(text: &str) -> Result<String> {
    afford(0, text.len() as u64)?;
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => bail!("a \"%\" without two digits"),
                }
            }
            _ => byte,
        });
    }
    String::from_utf8(out).map_err(|_| anyhow!("the text is not UTF-8"))
}

fn encode(arguments: &[Value]) -> Result<Value> {
    let plain = text(&arguments[0])?;
    afford(0, plain.len() as u64 * 3)?;
    let mut out = String::new();
    push_escaped(plain, &mut out);
    Ok(Value::from(out))
}

fn encode_object(arguments: &[Value]) -> Result<Value> {
    guarded::written(arguments)?;
    let members = arguments[0].as_object().map_err(|_| anyhow!("an object is needed"))?;
    let mut sorted = BTreeMap::new();
    for (name, value) in members.iter() {
        let values = match value {
            Value::Array(items) => items.iter().map(text).collect::<Result<Vec<_>>>()?,
            Value::Set(items) => items.iter().map(text).collect::<Result<Vec<_>>>()?,
            _ => vec![text(value)?],
        };
        sorted.insert(text(name)?, values);
    }
    let mut out = String::new();
    for (name, values) in sorted {
        for value in values {
            afford(0, out.len() as u64)?;
            if !out.is_empty() {
                out.push('&');
            }
            push_escaped(name, &mut out);
            out.push('=');
            push_escaped(value, &mut out);
        }
    }
    Ok(Value::from(out))
}

fn decode_object(arguments: &[Value]) -> Result<Value> {
    let query = text(&arguments[0])?;
    afford(query.len() as u64, query.len() as u64 * 40)?;
    let mut found: BTreeMap<Value, Vec<Value>> = BTreeMap::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        if part.contains(';') {
            bail!("\";\" separates nothing in a query");
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        found.entry(Value::from(unescaped(name)?)).or_default().push(Value::from(unescaped(value)?));
    }
    let mut object = Value::new_object();
    let members = object.as_object_mut()?;
    for (name, values) in found {
        members.insert(name, Value::from(values));
    }
    Ok(object)
}
