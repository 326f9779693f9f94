//! A look at a script's tokens: what it reads of `input`, and its `print` calls, which are erased.
//! Positions stay what they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::reads::{Name, Read, ends_expression, name_before_assignment, reads_of};
use crate::weight::is_huge_number;

pub struct Scan {
    pub text: String,
    pub reads: Vec<Read>,
    /// Line and column of a number that is too large to be made.
    pub huge_number: Option<(u32, u32)>,
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    erased: Vec<(usize, usize)>,
    names: Vec<Name>,
    scan: Scan,
}

pub fn scan(source: &str) -> Scan {
    let mut scanner = Scanner::new(source);
    scanner.run();
    scanner.finish()
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl<'a> Scanner<'a> {
    fn new(source: &'a str) -> Scanner<'a> {
        let scan = Scan { text: String::new(), reads: Vec::new(), huge_number: None };
        Scanner { source, at: 0, erased: Vec::new(), names: Vec::new(), scan }
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn run(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => self.skip_comment(),
                b'"' | b'`' => self.skip_string(),
                b'0'..=b'9' => self.number(),
                _ if is_name_start(byte) => self.name(),
                _ => self.at += 1,
            }
        }
    }

    fn number(&mut self) {
        if self.source.get(self.at..).is_some_and(is_huge_number) {
            self.scan.huge_number.get_or_insert(position(self.source, self.at));
        }
        self.skip_while(is_name); // 1e5 is no name
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&keep) {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        self.skip_while(|byte| byte != b'\n');
    }

    fn skip_string(&mut self) {
        let Some(quote) = self.peek() else { return };
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte == b'\\' && quote == b'"' {
                self.at += 1;
            }
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        self.skip_while(is_name);
        self.source[start..self.at].to_string()
    }

    /// `a.b["c"].d`, as far as it is literal.
    fn path(&mut self) -> Vec<String> {
        let mut path = vec![self.word()];
        loop {
            let rest = &self.source.as_bytes()[self.at.min(self.source.len())..];
            if rest.first() == Some(&b'.') && rest.get(1).copied().is_some_and(is_name_start) {
                self.at += 1;
                let word = self.word();
                path.push(word);
            } else if rest.starts_with(b"[\"") {
                let start = self.at;
                self.at += 1;
                self.skip_string();
                let literal = self.source.get(start + 2..self.at.saturating_sub(1)).unwrap_or("\\");
                if self.peek() != Some(b']') || literal.contains('\\') {
                    self.at = start;
                    return path;
                }
                self.at += 1;
                path.push(literal.to_string());
            } else {
                return path;
            }
        }
    }

    fn name(&mut self) {
        let start = self.at;
        // `.x` after something computed: no name of its own.
        let is_member = start > 0 && self.source.as_bytes()[start - 1] == b'.';
        let path = self.path();
        if is_member {
            return;
        }
        if path == ["import"] {
            return self.import();
        }
        let is_print = path == ["print"];
        self.add_name(start, path);
        if is_print && self.starts_statement(start) {
            self.skip_while(|byte| byte == b' ' || byte == b'\t');
            if self.peek() == Some(b'(') {
                self.erase(start);
            }
        }
    }

    /// One that begins at `start` and ends here.
    fn add_name(&mut self, start: usize, path: Vec<String>) {
        let after = self.source.get(self.at..).unwrap_or("");
        let alias = name_before_assignment(&self.source[..start]).filter(|_| ends_expression(after));
        let is_defined = path.len() == 1 && after.trim_start_matches([' ', '\t']).starts_with(":=");
        self.names.push(Name { start, path, alias: alias.map(str::to_string), is_defined });
    }

    fn import(&mut self) {
        self.skip_while(|byte| byte == b' ' || byte == b'\t');
        if !self.peek().is_some_and(is_name_start) {
            return;
        }
        let start = self.at;
        let path = self.path();
        let mut alias = path[path.len() - 1].clone();
        let after = self.at;
        self.skip_while(|byte| byte == b' ' || byte == b'\t');
        if self.source[self.at..].starts_with("as ") {
            self.at += 3;
            self.skip_while(|byte| byte == b' ' || byte == b'\t');
            alias = self.word();
        } else {
            self.at = after;
        }
        let alias = (path[0] == "input").then_some(alias);
        self.names.push(Name { start, path, alias, is_defined: false });
    }

    fn starts_statement(&self, at: usize) -> bool {
        let before = self.source[..at].trim_end_matches([' ', '\t', '\r']);
        before.is_empty() || before.ends_with(['\n', '{', ';'])
    }

    /// A call that starts at `start` and whose arguments start here. One without an end is left to
    /// the parser.
    fn erase(&mut self, start: usize) {
        let mut depth = 0;
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => self.skip_comment(),
                b'"' | b'`' => self.skip_string(),
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b')' | b']' | b'}' => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        self.erased.push((start, self.at));
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    fn finish(mut self) -> Scan {
        self.scan.reads = reads_of(&self.names);
        let mut text = String::with_capacity(self.source.len());
        let mut copied = 0;
        for (start, end) in &self.erased {
            text.push_str(&self.source[copied..*start]);
            text.push_str("true");
            let rest = &self.source[start + "true".len()..*end];
            text.extend(rest.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            copied = *end;
        }
        text.push_str(&self.source[copied..]);
        self.scan.text = text;
        self.scan
    }
}

/// Where something begins and ends.
#[derive(Default)]
pub struct Edges {
    /// Where each bracket opens, by where it ends.
    pub brackets: BTreeMap<usize, usize>,
    /// Within the quotes.
    pub string_starts: BTreeSet<usize>,
    pub string_ends: BTreeSet<usize>,
}

impl Edges {
    /// Of what the tree says is at `(start, end)`: it has the quotes outside.
    pub fn around(&self, (start, end): (usize, usize)) -> (usize, usize) {
        let (has_start, has_end) = (self.string_starts.contains(&start), self.string_ends.contains(&end));
        (start - usize::from(has_start), end + usize::from(has_end))
    }

    /// Of a literal in brackets; of objects the tree tells only where they end.
    pub fn literal(&self, end: usize) -> Option<(usize, usize)> {
        self.brackets.get(&end).map(|start| (*start, end))
    }
}

pub fn edges(source: &str) -> Edges {
    let mut scanner = Scanner::new(source);
    let (mut open, mut found) = (Vec::new(), Edges::default());
    while let Some(byte) = scanner.peek() {
        match byte {
            b'#' => scanner.skip_comment(),
            b'"' | b'`' => {
                found.string_starts.insert(scanner.at + 1);
                scanner.skip_string();
                found.string_ends.insert(scanner.at - 1);
            }
            _ => {
                if matches!(byte, b'(' | b'[' | b'{') {
                    open.push(scanner.at);
                }
                scanner.at += 1;
                if matches!(byte, b')' | b']' | b'}') {
                    found.brackets.extend(open.pop().map(|start| (scanner.at, start)));
                }
            }
        }
    }
    found
}

/// Line and column of a byte, from 1; columns count characters.
pub fn position(source: &str, at: usize) -> (u32, u32) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
