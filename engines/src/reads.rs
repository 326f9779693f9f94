//! What a script reads of `input`, also by another name: `http := input.ctx.request.http` reads
//! what `http` is then asked for, and not all of it. Whatever is not seen to be harmless counts as
//! reading a value as a whole.

use std::collections::{HashMap, HashSet};

/// What is read of `input`.
pub struct Read {
    /// Below `input`; an empty path is all of it.
    pub path: Vec<String>,
    /// The byte where it is written out first: by another name, it may be something else's.
    pub at: Option<usize>,
    /// It is only given another name there.
    pub is_named: bool,
}

/// A name of a script and the literal members after it.
pub struct Name {
    pub start: usize,
    pub path: Vec<String>,
    /// The name that stands for exactly this from here on.
    pub alias: Option<String>,
    /// It is given a value here.
    pub is_defined: bool,
}

/// A name with more meanings than this is not followed.
const MOST_MEANINGS: usize = 8;

pub fn reads_of(names: &[Name]) -> Vec<Read> {
    let mut used = HashSet::new();
    let mut meanings: HashMap<&str, Vec<&[String]>> = HashMap::new();
    for name in names {
        if !name.is_defined {
            used.insert(name.path[0].as_str());
        }
        if let (Some(alias), true) = (&name.alias, name.path[0] == "input") {
            meanings.entry(alias).or_default().push(&name.path[1..]);
        }
    }
    // Rules can also be reached through `data`; a value that nothing is asked of has to be there.
    let has_data = used.contains("data");
    meanings.retain(|alias, meant| !has_data && used.contains(alias) && meant.len() <= MOST_MEANINGS);
    let mut reads = Vec::new();
    for name in names {
        let (first, members) = (name.path[0].as_str(), &name.path[1..]);
        if first == "input" {
            let is_named = name.alias.as_ref().is_some_and(|alias| meanings.contains_key(alias.as_str()));
            reads.push(Read { path: members.to_vec(), at: Some(name.start), is_named });
        } else if !name.is_defined {
            reads.extend(meanings.get(first).into_iter().flatten().map(|meant| Read { path: [meant, members].concat(), at: None, is_named: false }));
        }
    }
    reads.sort_by_key(|read| (read.is_named, read.path.clone(), read.at.unwrap_or(usize::MAX)));
    reads.dedup_by(|next, read| next.path == read.path && next.is_named == read.is_named);
    reads
}

/// The name in front of the `:=` that this text ends with.
pub fn name_before_assignment(before: &str) -> Option<&str> {
    let left = before.trim_end_matches([' ', '\t']).strip_suffix(":=")?.trim_end_matches([' ', '\t']);
    let name = &left[left.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len()..];
    let rest = &left[..left.len() - name.len()];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (is_name && !rest.ends_with(['.', '"', '`'])).then_some(name)
}

/// Whether no operator, call or modifier can go on where this text begins.
pub fn ends_expression(mut after: &str) -> bool {
    loop {
        after = after.trim_start();
        match after.strip_prefix('#') {
            Some(comment) => after = comment.split_once('\n').map_or("", |(_, rest)| rest),
            None => break,
        }
    }
    let word = after.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
    if word.is_empty() { after.is_empty() || after.starts_with([';', '}']) } else { !matches!(word, "with" | "in" | "as") }
}

#[cfg(test)]
mod tests {
    use crate::scan::scan;

    fn reads(body: &str) -> Vec<String> {
        let mut reads: Vec<String> = scan(body).reads.iter().filter(|read| !read.is_named).map(|read| read.path.join(".")).collect();
        reads.sort();
        reads
    }

    #[test]
    fn by_another_name() {
        for (body, expected) in [
            ("match if { h := input.ctx.http; h.path == \"/\"; h[\"method\"] == \"GET\" }", vec!["ctx.http.method", "ctx.http.path"]),
            ("h := input.ctx.http\nmatch if h.path == \"/\"", vec!["ctx.http.path"]),
            ("h := input.ctx.http # of it\n\nmatch if h.path == \"/\"", vec!["ctx.http.path"]),
            ("import input.ctx.http\nmatch if http.path == \"/\"", vec!["ctx.http.path"]),
            ("import input.ctx.http as h\nmatch if { h.path == \"/\"; f(h.uri) }", vec!["ctx.http.path", "ctx.http.uri"]),
            ("h := input.a\nh := input.b if true\nm if h.x", vec!["a.x", "b.x"]),
            ("match if { h := input.ctx.http.path }", vec!["ctx.http.path"]),
        ] {
            assert_eq!(reads(body), expected, "{body}");
        }
    }

    #[test]
    fn as_a_whole() {
        for body in [
            "match if { h := input.ctx.http; h[k] == 1 }",
            "match if { h := input.ctx.http; count(h) > 1; h.path }",
            "match if { h := input.ctx.http; some k, v in h }",
            "match if { h := input.ctx.http; g := h; g.path }",
            "match if { h := input.ctx.http }",
            "match if { h = input.ctx.http; h.path }",
            "match if { x.h := input.ctx.http; h.path }",
            "match if { {\"h\": h} := input.ctx.http; h.path }",
            "h := input.ctx.http\nmatch if data.octelium.condition.h.body",
            "h := input.ctx.http\nimport data.octelium.condition as c\nmatch if { c.h.body; h.path }",
            "match if { h := input.ctx.http | {1}; h.path }",
            "match if { h := input.ctx.http\n| {1}; h.path }",
            "match if { h := input.ctx.http with input as {}; h.path }",
            "match if { h := input.ctx.http # with\n with input as {}; h.path }",
            "match if { h := input.ctx.http[\"a\\\"b\"]; h.path }",
            "import input.ctx.http\nmatch if http",
            "import input.ctx.http",
        ] {
            assert!(reads(body).contains(&"ctx.http".to_string()), "{body}: {:?}", reads(body));
        }
    }
}
