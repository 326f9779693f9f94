//! A look at a script's tokens: what it calls, what it reads of `input`, and its `print` calls,
//! which are erased. Positions stay what they are.

use crate::reads::{Name, ends_expression, name_before_assignment, reads_of};
use crate::weight::is_huge_number;

pub struct Call {
    pub name: String,
    pub line: u32,
    pub column: u32,
    pub arguments: usize,
}

pub struct Scan {
    pub text: String,
    pub calls: Vec<Call>,
    /// Paths below `input`; an empty one is all of it.
    pub reads: Vec<Vec<String>>,
    /// Names that imports make, and the paths that they stand for.
    pub imports: Vec<(String, String)>,
    /// Line and column of a number that is too large to be made.
    pub huge_number: Option<(u32, u32)>,
}

const KEYWORDS: [&str; 14] = [
    "as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package", "some", "true",
];

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    erased: Vec<(usize, usize)>,
    names: Vec<Name>,
    scan: Scan,
}

pub fn scan(source: &str) -> Scan {
    let scan = Scan { text: String::new(), calls: Vec::new(), reads: Vec::new(), imports: Vec::new(), huge_number: None };
    let mut scanner = Scanner { source, at: 0, erased: Vec::new(), names: Vec::new(), scan };
    scanner.run();
    scanner.finish()
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Scanner<'_> {
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
        if path.len() == 1 && path[0] == "import" {
            return self.import();
        }
        self.add_name(start, path.clone());
        let first = path[0].as_str();
        if first == "input" {
            return;
        }
        let after = self.at;
        self.skip_while(|byte| byte == b' ' || byte == b'\t');
        if self.peek() != Some(b'(') {
            self.at = after;
            return;
        }
        if first == "print" && path.len() == 1 && self.starts_statement(start) {
            return self.erase(start);
        }
        // `p contains (x)` makes a set; `contains(x, y)` is a call.
        let is_keyword = path.len() == 1
            && KEYWORDS.contains(&first)
            && (first != "contains" || self.at > after);
        if !is_keyword {
            let (line, column) = position(self.source, start);
            let arguments = self.count_arguments();
            self.scan.calls.push(Call { name: path.join("."), line, column, arguments });
        }
    }

    /// One that begins at `start` and ends here.
    fn add_name(&mut self, start: usize, path: Vec<String>) {
        let after = self.source.get(self.at..).unwrap_or("");
        let alias = name_before_assignment(&self.source[..start]).filter(|_| ends_expression(after));
        let is_defined = path.len() == 1 && after.trim_start_matches([' ', '\t']).starts_with(":=");
        self.names.push(Name { path, alias: alias.map(str::to_string), is_defined });
    }

    /// Of the call whose arguments begin here; stays here.
    fn count_arguments(&mut self) -> usize {
        let start = self.at;
        let (mut depth, mut commas, mut is_empty) = (0, 0, true);
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => self.skip_comment(),
                b'"' | b'`' => {
                    is_empty = false;
                    self.skip_string();
                }
                _ => {
                    self.at += 1;
                    match byte {
                        b'(' | b'[' | b'{' => {
                            is_empty &= depth == 0;
                            depth += 1;
                        }
                        b')' | b']' | b'}' => depth -= 1,
                        // A comma before the end of the arguments separates nothing.
                        b',' if depth == 1 && !self.ends_arguments() => commas += 1,
                        _ => is_empty &= byte.is_ascii_whitespace(),
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
        }
        self.at = start;
        if is_empty { 0 } else { commas + 1 }
    }

    fn ends_arguments(&self) -> bool {
        self.source.get(self.at..).unwrap_or("").trim_start().starts_with(')')
    }

    fn import(&mut self) {
        self.skip_while(|byte| byte == b' ' || byte == b'\t');
        if !self.peek().is_some_and(is_name_start) {
            return;
        }
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
        if path[0] == "input" {
            self.names.push(Name { path, alias: Some(alias), is_defined: false });
            return;
        }
        self.names.push(Name { path: path.clone(), alias: None, is_defined: false });
        self.scan.imports.push((alias, path.join(".")));
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

/// Line and column of a byte, from 1; columns count characters.
pub fn position(source: &str, at: usize) -> (u32, u32) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}
