//! Has a script tell what its statements gave, for explanations. `input.a == 1` becomes
//! `told(told_at(3), (told(4, input.a) == 1))`: `told_at` notes that the statement was come to, `told`
//! what a value was. The script that decides is another one, without these.

use std::cell::RefCell;
use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use regorus::Value;
use serde_json::Value as Json;

use crate::calls::{Path, Script, locals};
use crate::measured::{Edit, order};
use crate::scan::{Edges, edges};
use crate::tree::{bytes, first_member, items, makes, path_of, static_path};

/// Of one evaluation; with more, nothing is explained.
const MAX_EVENTS: usize = 4096;

pub type Id = i64;
pub type Span = (usize, usize);

/// What makes a statement hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that is not false.
    Holds,
    /// No such value.
    Not,
    /// Any value: `x := 1`.
    Assigned,
    /// A collection that is not empty.
    Some,
    /// All of another body.
    Every,
    /// What a body gives its rule: any value but false.
    Value,
    /// It is not followed.
    Unknown,
}

#[derive(Debug)]
pub struct Statement {
    /// As it is shown, in bytes of the script.
    pub span: Span,
    pub kind: Kind,
    pub id: Id,
    /// The values in it, in the order they are written.
    pub operands: Vec<(Id, Span)>,
    /// Of `every`.
    pub inner: Option<Body>,
    /// What it names of the package.
    pub names: Vec<Name>,
    /// Its value is taken apart, which may fail: `[a, 1] := x`.
    pub is_pattern: bool,
}

#[derive(Debug)]
pub struct Name {
    /// A rule or function, or what it is in.
    pub path: Path,
    /// It is what holds or does not. Else it is compared: `count(denied) == 0`.
    pub is_plain: bool,
}

#[derive(Debug)]
pub struct Body {
    pub rule: Path,
    /// Noted when it is entered; 0 where there is only the value of a rule.
    pub entry: Id,
    pub statements: Vec<Statement>,
    /// Its rule is false if it holds: `:= false if`.
    pub is_false: bool,
}

/// What is told by a script.
#[derive(Default)]
pub struct Plan {
    pub bodies: Vec<Body>,
    pub edits: Vec<Edit>,
}

#[derive(Clone)]
pub struct Event {
    pub id: Id,
    /// `None`: it was come to.
    pub value: Option<Value>,
}

thread_local! {
    static TOLD: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
}

/// Ends what an evaluation began that failed, too.
pub fn take_told() -> Vec<Event> {
    TOLD.take()
}

pub fn is_all(events: &[Event]) -> bool {
    events.len() < MAX_EVENTS
}

/// With more than may be told, the evaluation ends.
fn tell(id: &Value, value: Option<Value>) -> Result<()> {
    let event = Event { id: id.as_i64().unwrap_or(0), value };
    TOLD.with_borrow_mut(|told| {
        ensure!(is_all(told), "there is too much to tell");
        told.push(event);
        Ok(())
    })
}

/// `told_at(id)`
pub fn tell_place(mut arguments: Vec<Value>) -> Result<Value> {
    let id = arguments.pop().unwrap_or(Value::Undefined);
    tell(&id, None)?;
    Ok(id)
}

/// `told(id, value)`
pub fn tell_value(mut arguments: Vec<Value>) -> Result<Value> {
    let value = arguments.pop().unwrap_or(Value::Undefined);
    tell(&arguments.pop().unwrap_or(Value::Undefined), Some(value.clone()))?;
    Ok(value)
}

struct Walk<'a> {
    script: &'a Script,
    source: &'a str,
    edges: Edges,
    name: &'a str,
    last: Id,
    /// The variables of the rule.
    locals: BTreeSet<String>,
    edits: Vec<Edit>,
}

/// `module` is the tree of `source`, `name` that of the function that tells a value.
pub fn plan(script: &Script, module: &Json, source: &str, name: &str) -> Plan {
    let mut walk = Walk { script, source, edges: edges(source), name, last: 0, locals: BTreeSet::new(), edits: Vec::new() };
    let bodies = items(&module["rules"]).iter().flat_map(|rule| walk.rule(rule)).collect();
    Plan { bodies, edits: walk.edits }
}

impl Walk<'_> {
    fn rule(&mut self, rule: &Json) -> Vec<Body> {
        let Some((_, head)) = first_member(&rule["Spec"]["head"]) else { return Vec::new() };
        let path = self.script.in_package(&static_path(&head["refr"]));
        self.locals = locals(rule, self.source);
        let is_whole = first_member(&head["refr"]).is_some_and(|(kind, _)| kind == "Var");
        let bodies = items(&rule["Spec"]["bodies"]);
        // The head's is of the first, and without `else` of all, where it is left alone.
        let is_shared = bodies.get(1).is_some_and(|second| !second["assign"].is_object());
        let values = bodies.iter().enumerate().map(|(index, body)| if index == 0 { &head["assign"] } else { &body["assign"] });
        let mut found: Vec<Body> = bodies.iter().map(|body| self.body(&body["query"], &path)).collect();
        if bodies.is_empty() {
            found.push(Body { rule: path, entry: 0, statements: Vec::new(), is_false: false });
        }
        let own = if bodies.is_empty() { vec![&head["assign"]] } else { values.collect() };
        for (body, assign) in found.iter_mut().zip(own) {
            let assign = if is_shared { &head["assign"] } else { assign };
            body.is_false = is_whole && body.entry != 0 && assign["value"]["Bool"]["value"] == false;
            if is_whole && !is_shared {
                body.statements.extend(self.head(&assign["value"]));
            }
        }
        found
    }

    fn id(&mut self) -> Id {
        self.last += 1;
        self.last
    }

    fn body(&mut self, query: &Json, rule: &Path) -> Body {
        let statements = items(&query["stmts"]);
        let entry = statements.first().map_or(0, |first| self.entry(query, first));
        let statements = statements.iter().map(|statement| self.statement(statement, rule)).collect();
        Body { rule: rule.clone(), entry, statements, is_false: false }
    }

    fn entry(&mut self, query: &Json, first: &Json) -> Id {
        let entry = self.id();
        let note = format!("{}_at({entry}); ", self.name);
        let (start, end) = self.edges.around(bytes(query));
        let has_braces = self.edges.around(bytes(first)).0 > start;
        if has_braces {
            self.edits.push((start + 1, order::ENTRY, format!(" {note}")));
        } else {
            self.edits.push((start, order::ENTRY, format!("{{ {note}")));
            self.edits.push((end, order::BODY_END, " }".to_string()));
        }
        entry
    }

    /// A value that says something: of a constant, nothing can be told.
    fn head(&mut self, value: &Json) -> Option<Statement> {
        let (kind, _) = first_member(value)?;
        matches!(kind, "BoolExpr" | "Membership" | "Call" | "Var" | "RefDot" | "RefBrack")
            .then(|| self.followed(value, Kind::Value, self.span(value)))
    }

    fn statement(&mut self, statement: &Json, rule: &Path) -> Statement {
        let Some((kind, node)) = first_member(&statement["literal"]) else { return self.unknown((0, 0)) };
        let whole = self.edges.around(bytes(node));
        match kind {
            "Expr" => match first_member(&node["expr"]) {
                Some(("AssignExpr", assignment)) if assignment["op"] == "ColEq" => {
                    let assigned = self.followed(&assignment["rhs"], Kind::Assigned, self.span(&assignment["rhs"]));
                    Statement { is_pattern: !is_variable(&assignment["lhs"]), ..assigned }
                }
                Some(("AssignExpr", _)) | None => Statement { names: self.names(node), ..self.unknown(whole) },
                Some(_) => self.followed(&node["expr"], Kind::Holds, self.span(&node["expr"])),
            },
            "NotExpr" => {
                let (start, mut end) = self.span(&node["expr"]);
                while let Some((after, _)) = self.edges.brackets.range(end + 1..).next().filter(|(_, open)| (whole.0..start).contains(*open)) {
                    end = *after;
                }
                self.followed(&node["expr"], Kind::Not, (whole.0, end))
            }
            "SomeIn" => {
                let is_pattern = !is_variable(&node["key"]) || !is_variable(&node["value"]);
                Statement { is_pattern, ..self.followed(&node["collection"], Kind::Some, self.span(&node["collection"])) }
            }
            "Every" => {
                let domain = self.followed(&node["domain"], Kind::Every, whole);
                let inner = Some(self.body(&node["query"], rule));
                Statement { inner, ..domain }
            }
            // `some x` has nothing to be told.
            _ => self.unknown((0, 0)),
        }
    }

    fn unknown(&self, span: Span) -> Statement {
        Statement { span, kind: Kind::Unknown, id: 0, operands: Vec::new(), inner: None, names: Vec::new(), is_pattern: false }
    }

    fn followed(&mut self, expression: &Json, kind: Kind, span: Span) -> Statement {
        let names = self.names(expression);
        if !self.can_be_argument(expression) {
            return Statement { names, ..self.unknown(span) };
        }
        let (id, name) = (self.id(), self.name);
        let (start, end) = self.span(expression);
        self.edits.push((start, order::STATEMENT, format!("{name}({name}_at({id}), (")));
        self.edits.push((end, order::STATEMENT_END, "))".to_string()));
        let mut operands = Vec::new();
        // What it is itself has been told.
        match first_member(expression) {
            Some(("Call", call)) => items(&call["params"]).iter().for_each(|each| self.operand(each, &mut operands)),
            Some(("Var" | "RefDot" | "RefBrack", _)) | None => {}
            Some((_, node)) => self.operands(node, &mut operands),
        }
        Statement { span, kind, id, operands, inner: None, names, is_pattern: false }
    }

    fn operands(&mut self, node: &Json, found: &mut Vec<(Id, Span)>) {
        for side in ["lhs", "value", "rhs", "collection", "expr"] {
            self.operand(&node[side], found);
        }
    }

    /// Patterns have no value before they are met, so literals are left as they are.
    fn operand(&mut self, expression: &Json, found: &mut Vec<(Id, Span)>) {
        match first_member(expression) {
            Some(("Var", node)) if node["value"] == "_" => {}
            Some((kind @ ("Var" | "RefDot" | "RefBrack" | "Call"), node)) => {
                let (id, name) = (self.id(), self.name);
                let (start, end) = self.span(expression);
                self.edits.push((start, order::OPERAND, format!("{name}({id}, ")));
                self.edits.push((end, order::OPERAND_END, ")".to_string()));
                if kind == "Call" {
                    items(&node["params"]).iter().for_each(|each| self.operand(each, found));
                }
                found.push((id, (start, end)));
            }
            Some(("BoolExpr" | "BinExpr" | "ArithExpr" | "Membership" | "UnaryExpr", node)) => self.operands(node, found),
            _ => {}
        }
    }

    /// Not what gives variables their values by being a statement.
    fn can_be_argument(&self, node: &Json) -> bool {
        match node {
            Json::Array(all) => all.iter().all(|each| self.can_be_argument(each)),
            Json::Object(members) => {
                let is_plain = match members.get("Call") {
                    Some(call) => path_of(&call["fcn"]).is_some_and(|path| self.script.takes(&path, items(&call["params"]).len())),
                    None => true,
                };
                is_plain && members.values().all(|member| self.can_be_argument(member))
            }
            _ => true,
        }
    }

    fn names(&self, node: &Json) -> Vec<Name> {
        let mut found = Vec::new();
        self.collect_names(node, true, &mut found);
        found
    }

    fn collect_names(&self, node: &Json, is_plain: bool, found: &mut Vec<Name>) {
        match (node, first_member(node)) {
            (Json::Object(members), Some((kind, inner))) if members.len() == 1 => match kind {
                "Var" | "RefDot" | "RefBrack" => self.reference(node, is_plain, found),
                "Call" => {
                    self.reference(&inner["fcn"], is_plain, found);
                    self.collect_names(&inner["params"], false, found);
                }
                "Membership" => {
                    ["key", "value"].iter().for_each(|name| self.collect_names(&inner[*name], false, found));
                    self.collect_names(&inner["collection"], is_plain, found);
                }
                _ => self.collect_names(inner, false, found),
            },
            (Json::Object(members), _) => members.values().for_each(|member| self.collect_names(member, false, found)),
            (Json::Array(all), _) => all.iter().for_each(|each| self.collect_names(each, false, found)),
            _ => {}
        }
    }

    fn reference(&self, mut node: &Json, is_plain: bool, found: &mut Vec<Name>) {
        let path = static_path(node);
        if path.first().is_some_and(|first| !self.locals.contains(first)) {
            let named = self.script.function(&path).or_else(|| self.script.named(&path));
            found.extend(named.map(|path| Name { path, is_plain }));
        }
        while let Some(("RefDot" | "RefBrack", inner)) = first_member(node) {
            self.collect_names(&inner["index"], false, found);
            node = &inner["refr"];
        }
        if !matches!(first_member(node), Some(("Var", _))) {
            self.collect_names(node, false, found);
        }
    }

    fn span(&self, expression: &Json) -> Span {
        match first_member(expression) {
            // The tree has what follows `set()` inside.
            Some(("Set", node)) if items(&node["items"]).is_empty() => {
                let start = bytes(node).0;
                (start, self.edges.brackets.range(start..).next().map_or(start, |(end, _)| *end))
            }
            Some((kind, node)) if makes(kind) => self.edges.literal(bytes(node).1).unwrap_or(bytes(node)),
            Some((_, node)) => self.edges.around(bytes(node)),
            None => (0, 0),
        }
    }
}

/// Or none.
fn is_variable(pattern: &Json) -> bool {
    first_member(pattern).is_none_or(|(kind, _)| kind == "Var")
}
