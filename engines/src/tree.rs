//! The tree that regorus makes of a script, as JSON.

use serde_json::Value as Json;

use crate::calls::Path;

pub fn items(list: &Json) -> &[Json] {
    list.as_array().map_or(&[], Vec::as_slice)
}

pub fn first_member(object: &Json) -> Option<(&str, &Json)> {
    object.as_object()?.iter().next().map(|(name, value)| (name.as_str(), value))
}

pub fn number(value: &Json) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

pub fn bytes(node: &Json) -> (usize, usize) {
    (number(&node["span"]["start"]), number(&node["span"]["end"]))
}

/// What stands in brackets.
pub fn makes(kind: &str) -> bool {
    matches!(kind, "Array" | "Set" | "Object" | "ArrayCompr" | "SetCompr" | "ObjectCompr")
}

pub fn place(node: &Json) -> (u32, u32) {
    let of = |name: &str| u32::try_from(number(&node["span"][name])).unwrap_or(0);
    (of("line"), of("col"))
}

pub fn text_of<'a>(span: &Json, source: &'a str) -> &'a str {
    source.get(number(&span["start"])..number(&span["end"])).unwrap_or("")
}

/// What a reference names, and whether that is all of it.
pub fn names(expression: &Json) -> (Path, bool) {
    let Some((kind, node)) = first_member(expression) else { return (Path::new(), false) };
    let member = |name: Option<&str>| {
        let (mut path, is_all) = names(&node["refr"]);
        match name {
            Some(name) if is_all => path.push(name.to_string()),
            _ => return (path, false),
        }
        (path, true)
    };
    match kind {
        "Var" => (vec![node["value"].as_str().unwrap_or_default().to_string()], true),
        "RefDot" => member(node["field"][1].as_str()),
        "RefBrack" => {
            let literal = ["String", "RawString"].iter().find_map(|kind| node["index"][*kind]["value"].as_str());
            member(literal)
        }
        _ => (Path::new(), false),
    }
}

pub fn static_path(expression: &Json) -> Path {
    names(expression).0
}

pub fn path_of(expression: &Json) -> Option<Path> {
    let (path, is_all) = names(expression);
    is_all.then_some(path)
}

/// The node that a reference begins with.
pub fn root(reference: &Json) -> &Json {
    match first_member(reference) {
        Some(("RefDot" | "RefBrack", node)) => root(&node["refr"]),
        _ => reference,
    }
}
