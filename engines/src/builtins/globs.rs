//! `regex.globs_match`: whether two patterns have a text in common. Each becomes an automaton over
//! bytes; both are walked in step, pair of states by pair of states, until both accept.

use std::collections::HashSet;

use anyhow::{Result, anyhow, bail};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};
use regorus::Value;

use super::corrected::push_literal;
use super::{Builtin, text};
use crate::limits::afford;

const MAX_PATTERN_BYTES: usize = 512;
const MAX_AUTOMATON_BYTES: usize = 1 << 20;
const MAX_PAIRS: usize = 10_000;
const NANOSECONDS_A_PAIR: u64 = 2_000;

pub const BUILTINS: &[Builtin] = &[Builtin { name: "regex.globs_match", arity: 2, run: globs_match }];

/// As a regular expression: only `.`, `*`, `+`, `[`, `-`, `]` and `\` mean something in these.
fn expression(glob: &str) -> String {
    let mut out = String::new();
    let mut in_class = false;
    let mut characters = glob.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => push_literal(characters.next().unwrap_or('\\'), &mut out),
            '[' if !in_class => {
                in_class = true;
                out.push('[');
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '-' if in_class => out.push('-'),
            '.' | '*' | '+' if !in_class => out.push(c),
            _ => push_literal(c, &mut out),
        }
    }
    out
}

fn automaton(glob: &str) -> Result<dense::DFA<Vec<u32>>> {
    if glob.len() > MAX_PATTERN_BYTES {
        bail!("a pattern has at most {MAX_PATTERN_BYTES} bytes");
    }
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .match_kind(MatchKind::All)
        .dfa_size_limit(Some(MAX_AUTOMATON_BYTES))
        .determinize_size_limit(Some(MAX_AUTOMATON_BYTES));
    dense::Builder::new()
        .configure(config)
        .syntax(syntax::Config::new().dot_matches_new_line(true))
        .build(&expression(glob))
        .map_err(|error| anyhow!("the pattern \"{glob}\" is invalid or too large: {error}"))
}

fn globs_match(arguments: &[Value]) -> Result<Value> {
    afford(20_000_000, 4 * MAX_AUTOMATON_BYTES as u64)?;
    let (a, b) = (automaton(text(&arguments[0])?)?, automaton(text(&arguments[1])?)?);
    let from = start::Config::new().anchored(Anchored::Yes);
    let mut open = vec![(a.start_state(&from)?, b.start_state(&from)?)];
    let mut seen: HashSet<_> = open.iter().copied().collect();
    while let Some((x, y)) = open.pop() {
        for byte in 0..=u8::MAX {
            let next = (a.next_state(x, byte), b.next_state(y, byte));
            if a.is_dead_state(next.0) || b.is_dead_state(next.1) || !seen.insert(next) {
                continue;
            }
            if a.is_match_state(a.next_eoi_state(next.0)) && b.is_match_state(b.next_eoi_state(next.1)) {
                return Ok(Value::Bool(true));
            }
            open.push(next);
        }
        if seen.len() > MAX_PAIRS {
            bail!("the patterns are too large to be compared");
        }
        afford(NANOSECONDS_A_PAIR, 0)?;
    }
    Ok(Value::Bool(false))
}
