//! Why a script gave what it gave, from what its statements told (traced.rs).

use std::collections::BTreeSet;

use regorus::Value;

use crate::calls::Path;
use crate::shown::{show, show_size, type_name};
use crate::traced::{Body, Event, Id, Kind, Plan, Span, Statement, is_all};

/// A part of a script with its value; those that it is made of come before it, one deeper.
#[derive(Debug, PartialEq)]
pub struct Part {
    /// Bytes of the script.
    pub span: Span,
    pub depth: u32,
    /// Why the script has its outcome.
    pub is_cause: bool,
    /// Of a value that is undefined: "undefined".
    pub kind: &'static str,
    /// What may be said of a value that must not be shown.
    pub size: String,
    pub value: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Holds,
    Fails,
    /// Not come to, or not followed.
    Unknown,
}

/// What a body told when it was entered last.
struct Told<'a> {
    body: &'a Body,
    events: &'a [Event],
}

impl<'a> Told<'a> {
    /// `None`: it was not entered.
    fn of(body: &'a Body, events: &'a [Event]) -> Option<Told<'a>> {
        let entry = if body.entry == 0 { body.statements.first()?.id } else { body.entry };
        let start = events.iter().rposition(|event| event.id == entry && event.value.is_none())?;
        Some(Told { body, events: &events[start..] })
    }

    fn values(&self, id: Id) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event.id == id).filter_map(|event| event.value.as_ref())
    }

    fn is_reached(&self, statement: &Statement) -> bool {
        self.events.iter().any(|event| event.id == statement.id && event.value.is_none())
    }

    fn inner(&self, statement: &'a Statement) -> Option<Told<'a>> {
        Told::of(statement.inner.as_ref()?, self.events)
    }

    fn state(&self, statement: &Statement) -> State {
        if statement.kind == Kind::Unknown || !self.is_reached(statement) {
            return State::Unknown;
        }
        let mut values = self.values(statement.id);
        let holds = match statement.kind {
            Kind::Holds | Kind::Value => values.any(|value| *value != Value::Bool(false)),
            Kind::Not => !values.any(|value| *value != Value::Bool(false)),
            Kind::Some => values.any(|value| !is_empty(value)),
            Kind::Every => values.next().is_some() && self.inner(statement).is_none_or(|inner| inner.failing().is_none()),
            Kind::Assigned | Kind::Unknown => values.next().is_some(),
        };
        if holds { State::Holds } else { State::Fails }
    }

    /// The statement that the body ended at. The interpreter asks those first that need no variables.
    fn failing(&self) -> Option<&'a Statement> {
        let all = || self.body.statements.iter().filter(|statement| statement.span != (0, 0));
        let in_state = |wanted: State| all().filter(move |statement| self.state(statement) == wanted);
        in_state(State::Fails).next().or_else(|| {
            let missing = in_state(State::Unknown).find(|statement| statement.kind != Kind::Unknown);
            // One that is not followed and stands before what was not come to.
            missing.map(|missing| in_state(State::Unknown).find(|each| each.span <= missing.span).unwrap_or(missing))
        })
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Set(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    }
}

/// `rule` is the one that was asked for, `holds` whether it has a value that is not false.
pub fn explain(plan: &Plan, events: &[Event], rule: &[String], holds: bool) -> Vec<Part> {
    if !is_all(events) {
        return Vec::new();
    }
    let mut causes = Causes { plan, events, seen: BTreeSet::new(), found: BTreeSet::new() };
    causes.follow(rule, holds);
    let causes = causes.found;
    let mut parts = Vec::new();
    for body in &plan.bodies {
        list(body, events, 1, &causes, &mut parts);
    }
    parts
}

/// The statements that made a rule hold or not.
struct Causes<'a> {
    plan: &'a Plan,
    events: &'a [Event],
    seen: BTreeSet<(Path, bool)>,
    found: BTreeSet<Span>,
}

impl Causes<'_> {
    fn follow(&mut self, rule: &[String], holds: bool) {
        if !self.seen.insert((rule.to_vec(), holds)) {
            return;
        }
        let bodies: Vec<_> = self.plan.bodies.iter().filter(|body| body.rule == rule).filter_map(|body| Told::of(body, self.events)).collect();
        for told in bodies {
            match told.failing() {
                Some(statement) if !holds => self.add(&told, statement, false),
                None if holds => told.body.statements.iter().for_each(|statement| self.add(&told, statement, true)),
                _ => {}
            }
        }
    }

    fn add(&mut self, told: &Told, statement: &Statement, holds: bool) {
        self.found.insert(statement.span);
        let is_turned = statement.kind == Kind::Not;
        let inner = told.inner(statement).and_then(|inner| inner.failing());
        let names = [Some(statement), inner].into_iter().flatten().flat_map(|each| &each.names);
        names.for_each(|name| self.follow(name, holds != is_turned));
    }
}

fn list(body: &Body, events: &[Event], depth: u32, causes: &BTreeSet<Span>, parts: &mut Vec<Part>) {
    let Some(told) = Told::of(body, events) else { return };
    for statement in &body.statements {
        let is_cause = causes.contains(&statement.span);
        if statement.span == (0, 0) || !(told.is_reached(statement) || is_cause) {
            continue;
        }
        let state = told.state(statement);
        let last = told.values(statement.id).next_back();
        for (id, span) in &statement.operands {
            // Where the whole has no value, one of them has none.
            let missing = (last.is_none() && is_cause).then_some(&Value::Undefined);
            if let Some(value) = told.values(*id).next_back().or(missing) {
                parts.push(part(*span, depth + 1, false, value));
            }
        }
        if let Some(inner) = &statement.inner {
            list(inner, told.events, depth + 1, causes, parts);
        }
        let value = match (statement.kind, state, last) {
            (Kind::Not | Kind::Every, _, _) => Value::Bool(state == State::Holds),
            // Of several, one that holds.
            (Kind::Holds | Kind::Value, State::Holds, _) => told.values(statement.id).find(|value| **value != Value::Bool(false)).cloned().unwrap_or(Value::Undefined),
            (_, _, Some(value)) => value.clone(),
            (_, _, None) => Value::Undefined,
        };
        parts.push(part(statement.span, depth, is_cause, &value));
    }
}

fn part(span: Span, depth: u32, is_cause: bool, value: &Value) -> Part {
    Part { span, depth, is_cause, kind: type_name(value), size: show_size(value), value: show(value) }
}
