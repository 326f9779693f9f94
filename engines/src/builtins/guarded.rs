//! Builtins of the crate that could take long or much in one call: asked first whether the call
//! can be afforded, by a rough count of bytes made and steps taken.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Result, anyhow, bail};
use regex_automata::nfa::thompson::{Compiler, Config};
use regorus::Value;

use super::{Builtin, native, text};
use crate::limits::{Exceeded, afford, remaining};
use crate::weight::{MAX_BITS, afford_json_numbers, afford_numbers, afford_text, bits, is_deeper, weigh};

const MAX_PATTERN_BYTES: usize = 4096;
const MAX_AUTOMATON_BYTES: usize = 1 << 20;
const MAX_DIGITS: usize = 1000;
const MAX_SHIFT: u64 = 65_536; // bits
const MAX_DEPTH: usize = 64; // of a value
const MAX_PATH: usize = 256; // members
const MAX_YAML_ALIASES: usize = 16;
const BYTES_A_YAML_EVENT: u64 = 320;

macro_rules! guarded {
    ($name:literal, $arity:literal, $expression:literal, $guard:expr) => {
        Builtin {
            name: $name,
            arity: $arity,
            run: |arguments| {
                $guard(arguments)?;
                native::evaluate($expression, arguments)
            },
        }
    };
}

pub const BUILTINS: &[Builtin] = &[
    guarded!("array.concat", 2, "array.concat(input[0], input[1])", |_: &[Value]| anyhow::Ok(())), // to be measured
    guarded!("bits.lsh", 2, "bits.lsh(input[0], input[1])", shift),
    guarded!("concat", 2, "concat(input[0], input[1])", concat),
    guarded!("glob.match", 3, "glob.match(input[0], input[1], input[2])", pattern_of_glob),
    guarded!("json.filter", 2, "json.filter(input[0], input[1])", paths),
    guarded!("json.patch", 2, "json.patch(input[0], input[1])", nested),
    guarded!("json.remove", 2, "json.remove(input[0], input[1])", paths),
    guarded!("json.unmarshal", 1, "json.unmarshal(input[0])", numbers_in_text),
    guarded!("numbers.range", 2, "numbers.range(input[0], input[1])", range),
    guarded!("numbers.range_step", 3, "numbers.range_step(input[0], input[1], input[2])", range),
    guarded!("object.subset", 2, "object.subset(input[0], input[1])", alike),
    guarded!("product", 1, "product(input[0])", factors),
    guarded!("regex.find_all_string_submatch_n", 3, "regex.find_all_string_submatch_n(input[0], input[1], input[2])", pattern_first),
    guarded!("regex.find_n", 3, "regex.find_n(input[0], input[1], input[2])", pattern_first),
    guarded!("regex.match", 2, "regex.match(input[0], input[1])", pattern_first),
    guarded!("regex.replace", 3, "regex.replace(input[0], input[1], input[2])", replace_pattern),
    guarded!("regex.split", 2, "regex.split(input[0], input[1])", pattern_first),
    guarded!("replace", 3, "replace(input[0], input[1], input[2])", replace),
    guarded!("strings.any_prefix_match", 2, "strings.any_prefix_match(input[0], input[1])", pairs),
    guarded!("strings.any_suffix_match", 2, "strings.any_suffix_match(input[0], input[1])", pairs),
    guarded!("to_number", 1, "to_number(input[0])", digits),
    guarded!("trim", 2, "trim(input[0], input[1])", cut_set),
    guarded!("trim_left", 2, "trim_left(input[0], input[1])", cut_set),
    guarded!("trim_right", 2, "trim_right(input[0], input[1])", cut_set),
    guarded!("yaml.marshal", 1, "yaml.marshal(input[0])", indented),
    guarded!("yaml.unmarshal", 1, "yaml.unmarshal(input[0])", aliases),
];

fn length(value: &Value) -> u64 {
    let length = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        Value::Set(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 1,
    };
    length as u64
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Set(items) => items.iter().collect(),
        other => vec![other],
    }
}

fn steps(count: u64) -> Result<()> {
    Ok(afford(count, 0)?)
}

fn makes(bytes: u64) -> Result<()> {
    Ok(afford(bytes / 4, bytes)?)
}

fn shift(arguments: &[Value]) -> Result<()> {
    match &arguments[1] {
        Value::Number(bits) if bits.as_f64().is_some_and(|bits| bits > MAX_SHIFT as f64) => {
            bail!("shifts by at most {MAX_SHIFT} bits")
        }
        _ => Ok(()),
    }
}

/// A product has as many digits as its factors together.
fn factors(arguments: &[Value]) -> Result<()> {
    let size = |value: &Value| match value {
        value if bits(value) > 64 => bits(value),
        Value::Number(number) => number.as_f64().map_or(64.0, |number| number.abs().max(1.0).log2().ceil()) as u64,
        _ => 0,
    };
    if elements(&arguments[0]).into_iter().map(size).sum::<u64>() > MAX_BITS {
        return Err(Exceeded::Digits.into());
    }
    Ok(())
}

fn range(arguments: &[Value]) -> Result<()> {
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let step = arguments.get(2).map_or(1.0, number).abs().max(1.0);
    let count = (number(&arguments[0]) - number(&arguments[1])).abs() / step + 1.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // saturates
    makes((count as u64).saturating_mul(24))
}

fn concat(arguments: &[Value]) -> Result<()> {
    let parts = elements(&arguments[1]);
    let delimiters = length(&arguments[0]).saturating_mul(parts.len() as u64);
    makes(parts.iter().map(|part| length(part)).sum::<u64>().saturating_add(delimiters))
}

fn replace(arguments: &[Value]) -> Result<()> {
    let whole = text(&arguments[0])?;
    let old = text(&arguments[1])?;
    let count = if old.is_empty() { whole.len() + 1 } else { whole.matches(old).count() };
    let added = (count as u64).saturating_mul(length(&arguments[2]));
    makes(added.saturating_add(whole.len() as u64))
}

pub fn replace_many(arguments: &[Value]) -> Result<()> {
    let Ok(patterns) = arguments[0].as_object() else { return Ok(()) };
    let whole = length(&arguments[1]);
    let longest = patterns.iter().map(|(_, new)| length(new)).max().unwrap_or(0);
    makes(whole.saturating_add(1).saturating_mul(longest.saturating_add(1)))?;
    steps(whole.saturating_mul(patterns.len() as u64))
}

/// Each of one with each of the other, which takes as long as they are.
fn pairs(arguments: &[Value]) -> Result<()> {
    let most = remaining()?.memory;
    steps(length(&arguments[0]).saturating_mul(weigh(&arguments[1], most)))
}

/// Of an array its elements may be asked for as a set.
fn alike(arguments: &[Value]) -> Result<()> {
    match (&arguments[0], &arguments[1]) {
        (Value::Object(_), Value::Object(_)) | (Value::Set(_), Value::Set(_)) => pairs(arguments),
        (Value::Array(_), Value::Array(_) | Value::Set(_)) => pairs(arguments),
        _ => bail!("two of one type are needed, or an array and a set"),
    }
}

fn cut_set(arguments: &[Value]) -> Result<()> {
    match &arguments[1] {
        Value::String(_) => steps(length(&arguments[0]).saturating_mul(length(&arguments[1]))),
        _ => Ok(()),
    }
}

/// Each becomes a value as deep as it is long.
fn paths(arguments: &[Value]) -> Result<()> {
    elements(&arguments[1]).into_iter().try_for_each(path)
}

fn path(path: &Value) -> Result<()> {
    let is_long = match path {
        Value::String(text) => text.bytes().filter(|byte| *byte == b'/').count() > MAX_PATH,
        Value::Array(members) => members.len() > MAX_PATH,
        _ => false,
    };
    if is_long {
        bail!("a path has at most {MAX_PATH} members");
    }
    Ok(())
}

/// A patch puts values into values, and so may double their depth.
fn nested(arguments: &[Value]) -> Result<()> {
    for member in elements(&arguments[1]).into_iter().filter_map(|patch| patch.as_object().ok()).flat_map(|patch| patch.values()) {
        path(member)?;
    }
    for value in arguments {
        afford_text(value, 0)?;
        if is_deeper(value, MAX_DEPTH) {
            bail!("a value is nested more than {MAX_DEPTH} deep");
        }
    }
    Ok(())
}

pub fn written(arguments: &[Value]) -> Result<()> {
    Ok(afford_text(&arguments[0], 0)?)
}

fn indented(arguments: &[Value]) -> Result<()> {
    Ok(afford_text(&arguments[0], 2)?)
}

/// `-1.5e3`, and nothing before or after it.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    all_digits(whole) && all_digits(fraction) && whole.len() + fraction.len() > 0 && all_digits(power) && !power.is_empty()
}

fn digits(arguments: &[Value]) -> Result<()> {
    match &arguments[0] {
        Value::String(text) if text.len() > MAX_DIGITS => {
            bail!("a number has at most {MAX_DIGITS} digits")
        }
        Value::String(text) if !is_number(text) => bail!("\"{text}\" is no number"),
        Value::String(text) => afford_numbers(text),
        _ => Ok(()),
    }
}

pub fn numbers_in_text(arguments: &[Value]) -> Result<()> {
    let Value::String(document) = &arguments[0] else { return Ok(()) };
    afford_json_numbers(document)?;
    let longest = document.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    // Digits within a string are harmless, but not told from others here.
    if longest > 100_000 {
        bail!("a number has too many digits");
    }
    makes((document.len() as u64).saturating_mul(4))
}

/// Each alias may stand for all that is before it.
pub fn aliases(arguments: &[Value]) -> Result<()> {
    let Value::String(document) = &arguments[0] else { return Ok(()) };
    afford_numbers(document)?;
    let count = document
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | '{' | ':'))
        .filter(|word| word.starts_with('*') && word.len() > 1)
        .count();
    if count > MAX_YAML_ALIASES {
        bail!("a document has at most {MAX_YAML_ALIASES} aliases");
    }
    let (mut events, mut depth, mut deepest) = (0_u64, 0_u64, 1_u64);
    for byte in document.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' | b':' | b'-' | b'?' | b'\n' => {}
            _ => continue,
        }
        (events, deepest) = (events + 1, deepest.max(depth));
    }
    // At each, the parser looks through all that is open.
    afford(events.saturating_mul(deepest), events.saturating_mul(BYTES_A_YAML_EVENT))?;
    // Nested ones double what they stand for.
    makes((document.len() as u64).saturating_mul(4) << count.min(32))
}

thread_local! {
    static STATES: RefCell<HashMap<String, u64>> = RefCell::default();
}

/// The states of a pattern's automaton: what each byte of a text costs at worst.
fn states(pattern: &str) -> Result<u64> {
    if pattern.len() > MAX_PATTERN_BYTES {
        bail!("a pattern has at most {MAX_PATTERN_BYTES} bytes");
    }
    STATES.with_borrow_mut(|known| {
        if let Some(states) = known.get(pattern) {
            return Ok(*states);
        }
        let automaton = Compiler::new()
            .configure(Config::new().nfa_size_limit(Some(MAX_AUTOMATON_BYTES)))
            .build(pattern)
            .map_err(|error| match error.size_limit() {
                Some(_) => anyhow!("the pattern is too large"),
                None => anyhow!("the pattern is not valid: {error}"),
            })?;
        if known.len() >= 256 {
            known.clear();
        }
        let states = automaton.states().len() as u64;
        known.insert(pattern.to_string(), states);
        Ok(states)
    })
}

fn search(pattern: &str, size: u64) -> Result<()> {
    const AT_ONCE: u64 = 1_000_000;
    let cost = states(pattern)?.saturating_mul(size);
    if cost > AT_ONCE { steps(cost.saturating_mul(2)) } else { Ok(()) }
}

pub fn pattern_first(arguments: &[Value]) -> Result<()> {
    search(text(&arguments[0])?, length(&arguments[1]))
}

fn replace_pattern(arguments: &[Value]) -> Result<()> {
    let size = length(&arguments[0]);
    search(text(&arguments[1])?, size)?;
    makes(size.saturating_add(1).saturating_mul(length(&arguments[2]).saturating_add(1)))
}

fn pattern_of_glob(arguments: &[Value]) -> Result<()> {
    let pattern = length(&arguments[0]);
    if pattern > 1024 || pattern.saturating_mul(length(&arguments[2])) > 1 << 22 {
        bail!("the pattern or the text is too long");
    }
    Ok(())
}

/// Of each a pattern is made anew.
pub fn template(arguments: &[Value]) -> Result<()> {
    if length(&arguments[0]) > 256 || length(&arguments[1]) > 1024 {
        bail!("a template has at most 256 bytes and a text 1024");
    }
    Ok(())
}
