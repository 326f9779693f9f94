//! `sprintf`, as Go's fmt has it. The crate does not know widths, precisions and signs together.

use anyhow::{Result, bail};
use regorus::Value;

use super::{Builtin, text};
use crate::limits::afford;
use crate::weight::afford_text;

const MAX_WIDTH: usize = 1000; // of a field

pub const BUILTINS: &[Builtin] = &[Builtin { name: "sprintf", arity: 2, run: sprintf }];

/// What stands between `%` and the letter.
#[derive(Default)]
struct Field {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// As Go would get it.
enum Argument<'a> {
    Integer(i128),
    /// Of more digits.
    Big(String),
    Real(f64),
    Text(&'a str),
    /// Anything else is the text of it.
    Other(String),
}

fn sprintf(arguments: &[Value]) -> Result<Value> {
    let format = text(&arguments[0])?;
    let Value::Array(values) = &arguments[1] else { bail!("an array of arguments is needed") };
    afford_text(&arguments[1], 0)?;
    let mut values = values.iter();
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (field, verb, after) = read_field(after)?;
        rest = after;
        match verb {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match values.next() {
                None => out.push_str(&format!("%!{verb}(MISSING)")),
                Some(value) => {
                    afford(0, out.len() as u64)?;
                    field.write(verb, &argument(value), &mut out);
                }
            },
        }
    }
    out.push_str(rest);
    let extra: Vec<String> = values.map(|value| described(&argument(value))).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(Value::from(out))
}

fn read_field(text: &str) -> Result<(Field, Option<char>, &str)> {
    let mut field = Field::default();
    let mut rest = text;
    while let Some(flag) = rest.chars().next() {
        match flag {
            '+' => field.plus = true,
            '-' => field.minus = true,
            '#' => field.sharp = true,
            ' ' => field.space = true,
            '0' => field.zero = true,
            _ => break,
        }
        rest = &rest[1..];
    }
    (field.width, rest) = digits(rest)?;
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, after) = digits(after)?;
        field.precision = Some(precision);
        rest = after;
    }
    let mut characters = rest.chars();
    let verb = characters.next();
    if matches!(verb, Some('*' | '[')) {
        bail!("a width of \"*\" and arguments by number are not supported");
    }
    Ok((field, verb, characters.as_str()))
}

fn digits(text: &str) -> Result<(usize, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((0, rest));
    }
    match digits.parse() {
        Ok(number) if number <= MAX_WIDTH => Ok((number, rest)),
        _ => bail!("a field is at most {MAX_WIDTH} wide"),
    }
}

fn argument(value: &Value) -> Argument<'_> {
    match value {
        Value::String(text) => Argument::Text(text),
        Value::Number(number) if number.is_integer() => match number.as_i128() {
            Some(integer) => Argument::Integer(integer),
            None => Argument::Big(number.format_decimal()),
        },
        Value::Number(number) => number.as_f64().map_or_else(|| Argument::Big(number.format_decimal()), Argument::Real),
        other => Argument::Other(printed(other)),
    }
}

/// As Rego is written.
pub fn printed(value: &Value) -> String {
    let all = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", all(&mut items.iter().map(printed))),
        Value::Set(items) if items.is_empty() => "set()".to_string(),
        Value::Set(items) => format!("{{{}}}", all(&mut items.iter().map(printed))),
        Value::Object(members) => {
            let member = |(key, value)| format!("{}: {}", printed(key), printed(value));
            format!("{{{}}}", all(&mut members.iter().map(member)))
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out + "\""
}

/// As in `%!d(string=hi)`.
fn described(argument: &Argument) -> String {
    match argument {
        Argument::Integer(number) => format!("int={number}"),
        Argument::Big(number) => format!("*big.Int={number}"),
        Argument::Real(number) => format!("float64={}", shortest(*number, 'e')),
        Argument::Text(text) => format!("string={text}"),
        Argument::Other(text) => format!("string={text}"),
    }
}

impl Field {
    fn write(&self, verb: char, argument: &Argument, out: &mut String) {
        let written = match argument {
            Argument::Integer(number) => self.integer(verb, *number),
            Argument::Big(digits) => self.big(verb, digits),
            Argument::Real(number) => self.real(verb, *number),
            Argument::Text(text) => self.text(verb, text),
            Argument::Other(text) => self.text(verb, text),
        };
        match written {
            Some(text) => out.push_str(&text),
            None => out.push_str(&format!("%!{verb}({})", described(argument))),
        }
    }

    fn integer(&self, verb: char, number: i128) -> Option<String> {
        let size = number.unsigned_abs();
        let digits = match verb {
            'd' | 'v' => size.to_string(),
            'b' => format!("{size:b}"),
            'o' | 'O' => format!("{size:o}"),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            'c' => return Some(self.padded(&character(number).to_string())),
            'q' => return Some(self.padded(&format!("'{}'", character(number)))),
            'U' => return Some(self.padded(&format!("U+{size:04X}"))),
            // Rego does not tell 2 from 2.0.
            #[allow(clippy::cast_precision_loss)]
            _ => return self.real(verb, number as f64),
        };
        let prefix = match verb {
            'O' => "0o",
            'b' if self.sharp => "0b",
            'o' if self.sharp => "0",
            'x' if self.sharp => "0x",
            'X' if self.sharp => "0X",
            _ => "",
        };
        let least = self.precision.unwrap_or(0);
        let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
        Some(self.number(number < 0, prefix, &digits, self.precision.is_none()))
    }

    fn big(&self, verb: char, decimal: &str) -> Option<String> {
        let digits = decimal.trim_start_matches('-');
        matches!(verb, 'd' | 'v' | 's').then(|| self.number(decimal.starts_with('-'), "", digits, true))
    }

    fn real(&self, verb: char, number: f64) -> Option<String> {
        let size = number.abs();
        let precision = self.precision.unwrap_or(6);
        let digits = match verb {
            'f' | 'F' => format!("{size:.precision$}"),
            'e' | 'E' => with_exponent(&format!("{size:.precision$e}"), verb),
            'g' | 'v' => self.general(size, 'e'),
            'G' => self.general(size, 'E'),
            _ => return None,
        };
        Some(self.number(number < 0.0, "", &digits, true))
    }

    fn general(&self, size: f64, letter: char) -> String {
        let Some(precision) = self.precision else { return shortest(size, letter) };
        let precision = precision.max(1);
        let scientific = format!("{size:.*e}", precision - 1);
        let exponent = exponent_of(&scientific);
        let most = i32::try_from(precision).unwrap_or(i32::MAX);
        if exponent < -4 || exponent >= most {
            let (digits, tail) = scientific.split_once('e').unwrap_or((&scientific, "0"));
            return with_exponent(&format!("{}e{tail}", trimmed(digits)), letter);
        }
        let decimals = usize::try_from(most - 1 - exponent).unwrap_or(0);
        trimmed(&format!("{size:.decimals$}")).to_string()
    }

    fn text(&self, verb: char, text: &str) -> Option<String> {
        let cut = || match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_string(),
        };
        let hex = |letters: fn(u8) -> String| {
            let bytes = &text.as_bytes()[..text.len().min(self.precision.unwrap_or(usize::MAX))];
            bytes.iter().map(|byte| letters(*byte)).collect::<String>()
        };
        Some(self.padded(&match verb {
            's' | 'v' => cut(),
            'q' => quoted(&cut()),
            'x' => hex(|byte| format!("{byte:02x}")),
            'X' => hex(|byte| format!("{byte:02X}")),
            _ => return None,
        }))
    }

    fn number(&self, is_negative: bool, prefix: &str, digits: &str, may_fill: bool) -> String {
        let sign = match (is_negative, self.plus, self.space) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        let taken = sign.len() + prefix.len() + digits.len();
        if self.zero && !self.minus && may_fill && taken < self.width {
            return format!("{sign}{prefix}{}{digits}", "0".repeat(self.width - taken));
        }
        self.padded(&format!("{sign}{prefix}{digits}"))
    }

    fn padded(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.minus { format!("{text}{}", " ".repeat(missing)) } else { format!("{}{text}", " ".repeat(missing)) }
    }
}

fn character(number: i128) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn exponent_of(scientific: &str) -> i32 {
    scientific.split_once('e').and_then(|(_, tail)| tail.parse().ok()).unwrap_or(0)
}

/// No zeros at the end of a fraction.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// Rust's `1.5e-7` as Go's `1.5e-07`.
fn with_exponent(scientific: &str, letter: char) -> String {
    let (digits, _) = scientific.split_once('e').unwrap_or((scientific, ""));
    let exponent = exponent_of(scientific);
    let sign = if exponent < 0 { '-' } else { '+' };
    let letter = if letter.is_uppercase() { 'E' } else { 'e' };
    format!("{digits}{letter}{sign}{:02}", exponent.unsigned_abs())
}

/// The fewest digits that give the number back.
fn shortest(size: f64, letter: char) -> String {
    let scientific = format!("{size:e}");
    let exponent = exponent_of(&scientific);
    if !(-4..6).contains(&exponent) { with_exponent(&scientific, letter) } else { size.to_string() }
}
