//! Has a script measure what it makes. A value that holds another one many times over takes little
//! memory, and much once it is printed, compared or copied, which the interpreter does without
//! asking. So each place of a script where a value is put into a new one is put into a call of a
//! function of ours, and all that one evaluation makes may weigh so much (weight.rs) and no more.
//!
//! `a := [b, b]` becomes `a := measured([b, b])`. That is done by the parser's tree, in the text.

use serde_json::Value as Json;

use crate::calls::Script;
use crate::program::Problem;
use crate::scan::{Edges, edges};
use crate::tree::{first_member, items, number, path_of, place, root};

/// An `=` that may take its literal apart, or make it.
struct Doubt {
    /// At least one of them.
    sides: Vec<(usize, usize)>,
    line: u32,
    column: u32,
}

/// Around a value: the names beside it, so that all of them are measured.
struct Addition {
    names: Vec<String>,
    /// The value of a rule that says none is true.
    value: Option<(usize, usize)>,
    head_end: usize,
}

struct Measures<'a> {
    script: &'a Script,
    source: &'a str,
    edges: Edges,
    /// What is measured, as bytes from and to.
    places: Vec<(usize, usize)>,
    parts: Vec<(usize, usize)>,
    /// What is written where, for the sake of names in the middle of a rule's head.
    additions: Vec<Addition>,
    doubts: Vec<Doubt>,
    /// Line and column of a head that cannot be measured.
    bad_head: Option<(u32, u32)>,
    /// Something is not where the tree says.
    is_lost: bool,
}

const MAX_DOUBTS: usize = 64;
/// Of a number that weighs next to nothing.
const MAX_DIGITS: usize = 20;

/// A script that measures.
pub struct Measuring {
    /// Of the function that measures what a value was made of. That for what is put into another
    /// value without a literal has `_part` after it.
    pub name: String,
    pub text: String,
    pub insertions: Insertions,
}

/// Line, column and characters of each, in order.
#[derive(Default)]
pub struct Insertions(Vec<(u32, u32, u32)>);

impl Insertions {
    /// The column of the script as it was written.
    pub fn column(&self, line: u32, column: u32) -> u32 {
        let before = self.0.iter().filter(|(of, at, _)| *of == line && *at < column);
        column - before.map(|(_, at, width)| (*width).min(column - at)).sum::<u32>()
    }
}

impl Measuring {
    fn new(source: &str, name: &str, places: &[(usize, usize)], parts: &[(usize, usize)], additions: &[Addition]) -> Measuring {
        // Of those at one byte: what ends there before what begins, and what is outside, outside.
        let around = |places: &[(usize, usize)], suffix: &str| {
            let opening = format!("{name}{suffix}(");
            places.iter().flat_map(|(start, end)| [(*end, 0, ")".to_string()), (*start, 3, opening.clone())]).collect::<Vec<_>>()
        };
        let mut edits = [around(places, ""), around(parts, "_part")].concat();
        for Addition { names, value, head_end } in additions {
            let (names, index) = (names.join(", "), names.len());
            match value {
                Some((start, end)) => {
                    edits.push((*start, 2, format!("{name}([{names}, ")));
                    edits.push((*end, 1, format!("])[{index}]")));
                }
                None => edits.push((*head_end, 1, format!(" := {name}([{names}, true])[{index}]"))),
            }
        }
        edits.sort_unstable();
        let (mut text, mut insertions) = (String::new(), Insertions::default());
        let (mut line, mut column, mut copied) = (1, 1, 0);
        for (at, _, inserted) in edits {
            for c in source[copied..at].chars() {
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            text += &source[copied..at];
            copied = at;
            text += &inserted;
            let width = u32::try_from(inserted.len()).unwrap_or(0);
            insertions.0.push((line, column, width));
            column += width;
        }
        text += &source[copied..];
        Measuring { name: name.to_string(), text, insertions }
    }
}

/// Of one word that is nowhere in the script.
fn unused_name(source: &str) -> String {
    (0..).map(|number| format!("measured{number}")).find(|name| !source.contains(name)).unwrap_or_default()
}

/// `module` is the tree of `source`. `compiles` tells whether a text is a script, with a function of that name.
pub fn measuring(script: &Script, module: &Json, source: &str, compiles: impl Fn(&Measuring) -> bool) -> Result<Measuring, Problem> {
    let mut measures = Measures { script, source, edges: edges(source), places: Vec::new(), parts: Vec::new(), additions: Vec::new(), doubts: Vec::new(), bad_head: None, is_lost: false };
    items(&module["rules"]).iter().for_each(|rule| measures.rule(rule));
    let Measures { places, parts, additions, doubts, bad_head, is_lost, .. } = measures;
    if let Some((line, column)) = bad_head {
        return Err(Problem::new(line, column, "what stands in brackets within the name of a rule is a variable or a constant; give it a name"));
    }
    if is_lost {
        return Err(Problem::new(0, 0, "the script cannot be looked into"));
    }
    let name = unused_name(source);
    let with = |more: &[(usize, usize)]| Measuring::new(source, &name, &[&places, more].concat(), &parts, &additions);
    let all = with(&doubts.iter().map(|doubt| doubt.sides[0]).collect::<Vec<_>>());
    if doubts.is_empty() || compiles(&all) {
        return Ok(all);
    }
    if doubts.len() > MAX_DOUBTS {
        return Err(Problem::new(0, 0, format!("a script has at most {MAX_DOUBTS} \"=\" with a variable and a list; write \":=\"")));
    }
    let mut made = Vec::new();
    // Where one side alone can make a value, that tells more of the variables than where both can.
    let mut doubts = doubts;
    doubts.sort_by_key(|doubt| doubt.sides.len());
    for doubt in &doubts {
        match doubt.sides.iter().find(|side| compiles(&with(&[&made[..], &[**side]].concat()))) {
            Some(side) => made.push(*side),
            // The variable has its value, which the literal takes apart.
            None if doubt.sides.len() == 1 => {}
            None => {
                let message = "both sides of this \"=\" take the other apart and make values, too; write two statements";
                return Err(Problem::new(doubt.line, doubt.column, message));
            }
        }
    }
    Ok(with(&made))
}

fn bytes(node: &Json) -> (usize, usize) {
    (number(&node["span"]["start"]), number(&node["span"]["end"]))
}

fn makes(kind: &str) -> bool {
    matches!(kind, "Array" | "Set" | "Object" | "ArrayCompr" | "SetCompr" | "ObjectCompr")
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
impl Measures<'_> {
    fn rule(&mut self, rule: &Json) {
        let Some((shape, head)) = first_member(&rule["Spec"]["head"]) else { return }; // a default is constant
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
                Some((kind, inner)) if !is_light(kind, inner) => self.bad_head = self.bad_head.or(Some(place(inner))),
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
        self.additions.push(Addition { names: names.to_vec(), value, head_end });
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

    /// The tree has the quotes outside.
    fn extent(&self, node: &Json) -> (usize, usize) {
        let (start, end) = bytes(node);
        let (has_start, has_end) = (self.edges.string_starts.contains(&start), self.edges.string_ends.contains(&end));
        (start - usize::from(has_start), end + usize::from(has_end))
    }

    /// `is_part`: it is put into another value, though perhaps by no literal.
    fn value(&mut self, value: &Json, is_part: bool) {
        self.any(value);
        match first_member(value) {
            Some(("Var" | "RefDot" | "RefBrack" | "Call", node)) if is_part => {
                let (start, end) = self.extent(node);
                self.is_lost |= self.source.get(start..end).is_none_or(|text| text.is_empty() || text.ends_with(char::is_whitespace));
                self.parts.push((start, end));
            }
            _ => {}
        }
    }

    /// Of objects the tree tells only where they end.
    fn literal(&mut self, node: &Json) -> (usize, usize) {
        let (_, end) = bytes(node);
        let start = self.edges.brackets.get(&end).copied();
        self.is_lost |= start.is_none();
        (start.unwrap_or(end), end)
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
                    self.places.push(place);
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
            self.places.push(place);
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
                self.doubts.push(Doubt { sides: makers, line, column });
            }
        }
        others.for_each(|side| self.any(side));
        sides.iter().for_each(|side| self.part(side));
    }
}
