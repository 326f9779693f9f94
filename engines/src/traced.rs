//! Has a script tell what its statements gave, for explanations. `input.a == 1` becomes
//! `told(told_at(3), (told(4, input.a) == 1))`: `told_at` notes that the statement was come to, `told`
//! what a value was. The script that decides is another one, without these.

use std::cell::RefCell;

use regorus::Value;
use serde_json::Value as Json;

use crate::calls::{Path, Script};
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
    /// What it names of the package: rules, functions, or what they are in.
    pub names: Vec<Path>,
}

#[derive(Debug)]
pub struct Body {
    pub rule: Path,
    /// Noted when it is entered; 0 where there is only the value of a rule.
    pub entry: Id,
    pub statements: Vec<Statement>,
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

fn tell(id: &Value, value: Option<Value>) {
    let event = Event { id: id.as_i64().unwrap_or(0), value };
    TOLD.with_borrow_mut(|told| if is_all(told) { told.push(event) });
}

/// `told_at(id)`
pub fn tell_place(mut arguments: Vec<Value>) -> Value {
    let id = arguments.pop().unwrap_or(Value::Undefined);
    tell(&id, None);
    id
}

/// `told(id, value)`
pub fn tell_value(mut arguments: Vec<Value>) -> Value {
    let value = arguments.pop().unwrap_or(Value::Undefined);
    tell(&arguments.pop().unwrap_or(Value::Undefined), Some(value.clone()));
    value
}

struct Walk<'a> {
    script: &'a Script,
    edges: Edges,
    name: &'a str,
    last: Id,
    edits: Vec<Edit>,
}

/// `module` is the tree of `source`, `name` that of the function that tells a value.
pub fn plan(script: &Script, module: &Json, source: &str, name: &str) -> Plan {
    let mut walk = Walk { script, edges: edges(source), name, last: 0, edits: Vec::new() };
    let bodies = items(&module["rules"]).iter().flat_map(|rule| walk.rule(rule)).collect();
    Plan { bodies, edits: walk.edits }
}

impl Walk<'_> {
    fn rule(&mut self, rule: &Json) -> Vec<Body> {
        let Some((_, head)) = first_member(&rule["Spec"]["head"]) else { return Vec::new() };
        let path = self.script.in_package(&static_path(&head["refr"]));
        let is_whole = first_member(&head["refr"]).is_some_and(|(kind, _)| kind == "Var");
        let bodies = items(&rule["Spec"]["bodies"]);
        // The head's is of the first, and without `else` of all, where it is left alone.
        let is_shared = bodies.get(1).is_some_and(|second| !second["assign"].is_object());
        let values = bodies.iter().enumerate().map(|(index, body)| if index == 0 { &head["assign"] } else { &body["assign"] });
        let mut found: Vec<Body> = bodies.iter().map(|body| self.body(&body["query"], &path)).collect();
        if bodies.is_empty() {
            found.push(Body { rule: path, entry: 0, statements: Vec::new() });
        }
        let own = if bodies.is_empty() { vec![&head["assign"]] } else { values.collect() };
        for (body, assign) in found.iter_mut().zip(own) {
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
        Body { rule: rule.clone(), entry, statements }
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
                Some(("AssignExpr", assignment)) if assignment["op"] == "ColEq" => self.followed(&assignment["rhs"], Kind::Assigned, self.span(&assignment["rhs"])),
                Some(("AssignExpr", _)) | None => Statement { names: self.names(node), ..self.unknown(whole) },
                Some(_) => self.followed(&node["expr"], Kind::Holds, self.span(&node["expr"])),
            },
            "NotExpr" => {
                let span = (whole.0, self.span(&node["expr"]).1);
                self.followed(&node["expr"], Kind::Not, span)
            }
            "SomeIn" => self.followed(&node["collection"], Kind::Some, self.span(&node["collection"])),
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
        Statement { span, kind: Kind::Unknown, id: 0, operands: Vec::new(), inner: None, names: Vec::new() }
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
        Statement { span, kind, id, operands, inner: None, names }
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

    fn names(&self, node: &Json) -> Vec<Path> {
        let mut found = Vec::new();
        self.collect_names(node, &mut found);
        found
    }

    fn collect_names(&self, node: &Json, found: &mut Vec<Path>) {
        match node {
            Json::Array(all) => all.iter().for_each(|each| self.collect_names(each, found)),
            Json::Object(members) => {
                let path = match first_member(node) {
                    Some(("Var" | "RefDot" | "RefBrack", _)) if members.len() == 1 => static_path(node),
                    _ => Path::new(),
                };
                if !path.is_empty() {
                    found.extend(self.script.function(&path).or_else(|| self.script.named(&path)));
                }
                members.values().for_each(|member| self.collect_names(member, found));
            }
            _ => {}
        }
    }

    fn span(&self, expression: &Json) -> Span {
        match first_member(expression) {
            Some((kind, node)) if makes(kind) => self.edges.literal(bytes(node).1).unwrap_or(bytes(node)),
            Some((_, node)) => self.edges.around(bytes(node)),
            None => (0, 0),
        }
    }
}
