//! Where in a script a value is put into another one, which measured.rs has measured: by the parser's
//! tree, and by the tokens where the tree is off by a quote or a bracket.

use serde_json::Value as Json;

use crate::calls::Script;
use crate::scan::{Edges, edges};
use crate::tree::{bytes, first_member, items, makes, path_of, place, root};

/// Of a number that weighs next to nothing.
const MAX_DIGITS: usize = 20;

/// An `=` that may take its literal apart, or make it.
pub struct Doubt {
    /// At least one of them.
    pub sides: Vec<(usize, usize)>,
    pub line: u32,
    pub column: u32,
}

/// Around a value: the names beside it, so that all of them are measured.
pub struct Addition {
    pub names: Vec<String>,
    /// The value of a rule that says none is true.
    pub value: Option<(usize, usize)>,
    pub head_end: usize,
}

/// What is measured in a script, as bytes from and to.
#[derive(Default)]
pub struct Places {
    pub places: Vec<(usize, usize)>,
    pub parts: Vec<(usize, usize)>,
    /// What is written where, for the sake of names in the middle of a rule's head.
    pub additions: Vec<Addition>,
    pub doubts: Vec<Doubt>,
    /// Line and column of a head that cannot be measured.
    pub bad_head: Option<(u32, u32)>,
    /// Something is not where the tree says.
    pub is_lost: bool,
}

struct Walk<'a> {
    script: &'a Script,
    source: &'a str,
    edges: Edges,
    found: Places,
}

/// `module` is the tree of `source`.
pub fn places(script: &Script, module: &Json, source: &str) -> Places {
    let mut walk = Walk { script, source, edges: edges(source), found: Places::default() };
    items(&module["rules"]).iter().for_each(|rule| walk.rule(rule));
    walk.found
}

/// What holds no other value of the script, or so few that they are in the text.
fn is_light(kind: &str, node: &Json) -> bool {
    let is = |expression: &Json| first_member(expression).is_none_or(|(kind, node)| is_light(kind, node));
    match kind {
        "Array" | "Set" => items(&node["items"]).iter().all(is),
        "Object" => items(&node["fields"]).iter().all(|field| is(&field[1]) && is(&field[2])),
        "ArrayCompr" | "SetCompr" | "ObjectCompr" => ["term", "key", "value"].iter().all(|name| is_small(&node[*name])),
        _ => matches!(kind, "String" | "RawString" | "Number" | "Bool" | "Null"),
    }
}

fn is_small(expression: &Json) -> bool {
    let is_short = |node: &Json| bytes(node).1 - bytes(node).0 <= MAX_DIGITS;
    match first_member(expression) {
        Some(("Number", node)) => is_short(node),
        Some((kind, _)) => matches!(kind, "Bool" | "Null"),
        None => true,
    }
}

/// A literal with variables in it.
fn is_pattern(expression: &Json) -> bool {
    first_member(expression).is_some_and(|(kind, node)| matches!(kind, "Array" | "Set" | "Object") && !is_light(kind, node))
}

/// Whether a literal, or one in it, has an element of the kind.
fn has_element(expression: &Json, is: &dyn Fn(&str, &Json) -> bool) -> bool {
    match first_member(expression) {
        Some(("Array" | "Set", node)) => items(&node["items"]).iter().any(|item| has_element(item, is)),
        Some(("Object", node)) => items(&node["fields"]).iter().any(|field| has_element(&field[1], is) || has_element(&field[2], is)),
        Some((kind, node)) => is(kind, node),
        None => false,
    }
}

fn multiplies(arithmetic: &Json) -> bool {
    let is_product = |operand: &Json| first_member(operand).is_some_and(|(kind, node)| kind == "ArithExpr" && multiplies(node));
    arithmetic["op"] == "Mul" || is_product(&arithmetic["lhs"]) || is_product(&arithmetic["rhs"])
}

fn kind(expression: &Json) -> &str {
    first_member(expression).map_or("", |(kind, _)| kind)
}

/// A walk through the tree. What stands in `any` is a place of its own; a `part` belongs to a literal.
impl Walk<'_> {
    fn rule(&mut self, rule: &Json) {
        if let Json::Object(default) = &rule["Default"] {
            return self.default(&default["value"]);
        }
        let Some((shape, head)) = first_member(&rule["Spec"]["head"]) else { return };
        let is_part = kind(&head["refr"]) != "Var";
        let names = match shape {
            "Func" => Vec::new(), // of constants
            "Set" => self.names(&head["refr"]),
            _ => self.head(&head["refr"]),
        };
        let values = [&head["assign"]["value"], &head["key"]];
        self.value(values[0], is_part);
        self.value(values[1], true);
        let given = values.into_iter().find(|value| value.is_object());
        self.add(&names, given, &head["refr"]);
        for body in items(&rule["Spec"]["bodies"]) {
            self.value(&body["assign"]["value"], is_part);
            if body["assign"].is_object() {
                self.add(&names, Some(&body["assign"]["value"]), &head["refr"]);
            }
            self.query(&body["query"]);
        }
    }

    /// Constant, but for what is within comprehensions. No call may stand around those.
    fn default(&mut self, value: &Json) {
        let Some((kind, node)) = first_member(value) else { return };
        match kind {
            "Array" | "Set" => items(&node["items"]).iter().for_each(|item| self.default(item)),
            "Object" => items(&node["fields"]).iter().for_each(|field| {
                self.default(&field[1]);
                self.default(&field[2]);
            }),
            "ArrayCompr" | "SetCompr" | "ObjectCompr" => {
                ["term", "key", "value"].iter().for_each(|name| self.value(&node[*name], true));
                self.query(&node["query"]);
            }
            _ => self.any(value),
        }
    }

    /// `p[x].b[y]`: `y` is measured where it stands; what is before it, beside the value.
    fn head(&mut self, reference: &Json) -> Vec<String> {
        let Some(("RefDot" | "RefBrack", node)) = first_member(reference) else { return Vec::new() };
        self.value(&node["index"], true);
        self.names(&node["refr"])
    }

    /// The variables in a rule's name.
    fn names(&mut self, mut rest: &Json) -> Vec<String> {
        let mut names = Vec::new();
        while let Some((kind @ ("RefDot" | "RefBrack"), node)) = first_member(rest) {
            rest = &node["refr"];
            if kind == "RefDot" {
                continue;
            }
            match first_member(&node["index"]) {
                Some(("Var", variable)) if variable["value"] != "_" => {
                    let (start, end) = bytes(variable);
                    names.push(self.source.get(start..end).unwrap_or_default().to_string());
                }
                Some((kind, inner)) if !is_light(kind, inner) => self.found.bad_head = self.found.bad_head.or(Some(place(inner))),
                _ => {}
            }
        }
        names
    }

    fn add(&mut self, names: &[String], value: Option<&Json>, head: &Json) {
        if names.is_empty() {
            return;
        }
        let value = value.and_then(first_member).map(|(kind, node)| if makes(kind) { self.literal(node) } else { self.extent(node) });
        // The tree has the last bracket outside.
        let index_end = first_member(head).map_or(0, |(_, node)| bytes(node).1);
        let closing = self.edges.brackets.range(index_end + 1..).next().map(|(end, _)| *end);
        let head_end = if kind(head) == "RefBrack" { closing.unwrap_or(index_end) } else { index_end };
        self.found.additions.push(Addition { names: names.to_vec(), value, head_end });
    }

    fn query(&mut self, query: &Json) {
        for statement in items(&query["stmts"]) {
            self.any(&statement["literal"]);
            items(&statement["with_mods"]).iter().for_each(|replacement| self.replaced(replacement));
        }
    }

    fn replaced(&mut self, replacement: &Json) {
        let is_function = path_of(&replacement["refr"]).is_some_and(|path| self.script.is_function(&path));
        self.value(&replacement["as"], !is_function);
    }

    fn extent(&self, node: &Json) -> (usize, usize) {
        self.edges.around(bytes(node))
    }

    /// `is_part`: it is put into another value, though perhaps by no literal.
    fn value(&mut self, value: &Json, is_part: bool) {
        self.any(value);
        match first_member(value) {
            Some(("Var" | "RefDot" | "RefBrack" | "Call", node)) if is_part => {
                let (start, end) = self.extent(node);
                self.found.is_lost |= self.source.get(start..end).is_none_or(|text| text.is_empty() || text.ends_with(char::is_whitespace));
                self.found.parts.push((start, end));
            }
            _ => {}
        }
    }

    fn literal(&mut self, node: &Json) -> (usize, usize) {
        let end = bytes(node).1;
        let found = self.edges.literal(end);
        self.found.is_lost |= found.is_none();
        found.unwrap_or((end, end))
    }

    fn any(&mut self, node: &Json) {
        match node {
            Json::Array(all) => all.iter().for_each(|each| self.any(each)),
            Json::Object(members) => match first_member(node) {
                Some((kind, inner)) if members.len() == 1 => self.node(kind, inner),
                _ => members.values().for_each(|member| self.any(member)),
            },
            _ => {}
        }
    }

    fn node(&mut self, kind: &str, node: &Json) {
        match kind {
            "Array" | "Set" | "Object" | "ArrayCompr" | "SetCompr" | "ObjectCompr" => {
                if !is_light(kind, node) {
                    let place = self.literal(node);
                    self.found.places.push(place);
                }
                self.parts(kind, node);
            }
            "ArithExpr" => self.arithmetic(node),
            "BinExpr" => {
                match first_member(&node["lhs"]) {
                    // A call in front of "|" would begin a comprehension, where a product does not.
                    Some(("ArithExpr", product)) => [&product["lhs"], &product["rhs"]].into_iter().for_each(|operand| self.any(operand)),
                    _ => self.any(&node["lhs"]),
                }
                self.any(&node["rhs"]);
            }
            "Call" => self.any(&node["params"]),
            "RefDot" => self.any(&node["refr"]),
            "RefBrack" => {
                self.any(&node["refr"]);
                self.part(&node["index"]);
            }
            "AssignExpr" if node["op"] == "ColEq" => self.any(&node["rhs"]),
            "AssignExpr" => self.unification(node),
            "SomeVars" => {}
            "SomeIn" => self.any(&node["collection"]),
            "Every" => {
                self.any(&node["domain"]);
                self.query(&node["query"]);
            }
            _ => self.any(node),
        }
    }

    /// A product may have as many digits as its factors together.
    fn arithmetic(&mut self, node: &Json) {
        if multiplies(node) {
            let place = self.extent(node);
            self.found.places.push(place);
        }
        self.operands(node);
    }

    fn operands(&mut self, node: &Json) {
        for operand in [&node["lhs"], &node["rhs"]] {
            match first_member(operand) {
                Some(("ArithExpr", inner)) => self.operands(inner),
                _ => self.any(operand),
            }
        }
    }

    /// Of a literal, which weighs what they do.
    fn parts(&mut self, kind: &str, node: &Json) {
        match kind {
            "Array" | "Set" => items(&node["items"]).iter().for_each(|item| self.part(item)),
            "Object" => items(&node["fields"]).iter().for_each(|field| {
                self.part(&field[1]);
                self.part(&field[2]);
            }),
            _ => {
                ["term", "key", "value"].iter().for_each(|name| self.part(&node[*name]));
                self.query(&node["query"]);
            }
        }
    }

    fn part(&mut self, expression: &Json) {
        match first_member(expression) {
            Some((kind, node)) if makes(kind) => self.parts(kind, node),
            _ => self.any(expression),
        }
    }

    /// What no pattern has a value for.
    fn is_computed(&self, kind: &str, node: &Json) -> bool {
        match kind {
            "Var" => node["value"].as_str().is_some_and(|name| name == "input" || self.script.declares(&self.script.in_full(&[name.to_string()]))),
            "String" | "RawString" | "Number" | "Bool" | "Null" => false,
            _ => true,
        }
    }

    /// `x = [a, b]` makes the array, or takes `x` apart. That is known once the script is compiled.
    fn unification(&mut self, node: &Json) {
        let (left, right) = (&node["lhs"], &node["rhs"]);
        let mut sides: Vec<_> = [right, left].into_iter().filter(|side| is_pattern(side)).collect();
        sides.sort_by_key(|side| !has_element(side, &|kind, node| self.is_computed(kind, node)));
        let others = [left, right].into_iter().filter(|side| !is_pattern(side));
        let is_met = [left, right].into_iter().all(|side| is_pattern(side) || kind(side) == "Var");
        if is_met && !sides.is_empty() {
            let (line, column) = place(first_member(root(left)).map_or(left, |(_, node)| node));
            // What is to be passed over is in no value.
            let makers = sides.iter().filter(|side| !has_element(side, &|kind, node| kind == "Var" && node["value"] == "_"));
            let makers: Vec<_> = makers.filter_map(|side| Some(self.literal(first_member(side)?.1))).collect();
            if !makers.is_empty() {
                self.found.doubts.push(Doubt { sides: makers, line, column });
            }
        }
        others.for_each(|side| self.any(side));
        sides.iter().for_each(|side| self.part(side));
    }
}
