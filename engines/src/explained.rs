//! Why a script gave what it gave, from what its statements told (traced.rs).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;

use crate::calls::Path;
use crate::shown::{show, show_size, type_name};
use crate::traced::{Body, Event, Id, Kind, Plan, Span, Statement, is_all};

/// Of one explanation.
const MAX_PARTS: usize = 200;

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

/// What was told, by what told it.
struct Events<'a> {
    all: &'a [Event],
    places: BTreeMap<Id, Vec<usize>>,
}

impl<'a> Events<'a> {
    fn new(all: &'a [Event]) -> Events<'a> {
        let mut places = BTreeMap::<Id, Vec<usize>>::new();
        for (place, event) in all.iter().enumerate() {
            places.entry(event.id).or_default().push(place);
        }
        Events { all, places }
    }

    fn from(&self, id: Id, start: usize) -> impl DoubleEndedIterator<Item = (usize, &'a Event)> {
        let places = self.places.get(&id).map_or(&[][..], Vec::as_slice);
        let after = &places[places.partition_point(|place| *place < start)..];
        after.iter().map(|place| (*place, &self.all[*place]))
    }
}

/// What a body told when it was entered last.
struct Told<'a> {
    body: &'a Body,
    events: &'a Events<'a>,
    start: usize,
}

impl<'a> Told<'a> {
    /// After `start`. `None`: it was not entered.
    fn of(body: &'a Body, events: &'a Events<'a>, start: usize) -> Option<Told<'a>> {
        let entry = if body.entry == 0 { body.statements.first()?.id } else { body.entry };
        let (start, _) = events.from(entry, start).rfind(|(_, event)| event.value.is_none())?;
        Some(Told { body, events, start })
    }

    fn values(&self, id: Id) -> impl DoubleEndedIterator<Item = &'a Value> {
        self.events.from(id, self.start).filter_map(|(_, event)| event.value.as_ref())
    }

    fn is_reached(&self, statement: &Statement) -> bool {
        self.events.from(statement.id, self.start).any(|(_, event)| event.value.is_none())
    }

    fn inner(&self, statement: &'a Statement) -> Option<Told<'a>> {
        Told::of(statement.inner.as_ref()?, self.events, self.start)
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
        let all = self.body.statements.iter().filter(|statement| statement.span != (0, 0));
        // Once for each: `every` has a body of its own.
        let states: Vec<_> = all.map(|statement| (statement, self.state(statement))).collect();
        let in_state = |wanted: State| states.iter().filter(move |(_, state)| *state == wanted).map(|(statement, _)| *statement);
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
    let events = Events::new(events);
    let mut bodies = BTreeMap::<&Path, Vec<&Body>>::new();
    for body in &plan.bodies {
        bodies.entry(&body.rule).or_default().push(body);
    }
    let mut causes = Causes { bodies, events: &events, seen: BTreeSet::new(), found: BTreeSet::new() };
    causes.follow(rule, holds);
    let mut causes = causes.found;
    if causes.is_empty() && !holds {
        // All that is followed holds.
        let own = plan.bodies.iter().filter(|body| body.rule == rule).flat_map(|body| &body.statements);
        causes.extend(own.filter(|statement| statement.kind == Kind::Unknown).map(|statement| statement.span));
    }
    let mut list = List { causes: &causes, parts: Vec::new() };
    for told in plan.bodies.iter().filter_map(|body| Told::of(body, &events, 0)) {
        list.body(&told, 1);
    }
    list.finish()
}

/// The statements that made a rule hold or not.
struct Causes<'a> {
    bodies: BTreeMap<&'a Path, Vec<&'a Body>>,
    events: &'a Events<'a>,
    seen: BTreeSet<(Path, bool)>,
    found: BTreeSet<Span>,
}

impl<'a> Causes<'a> {
    fn follow(&mut self, rule: &[String], holds: bool) {
        let name = rule.to_vec();
        if !self.seen.insert((name.clone(), holds)) {
            return;
        }
        let below = self.bodies.range::<Path, _>(&name..).take_while(|(path, _)| path.starts_with(&name));
        let above = (0..name.len()).filter_map(|end| self.bodies.get_key_value(&name[..end].to_vec()));
        let bodies: Vec<_> = above.chain(below).flat_map(|(_, bodies)| bodies.clone()).collect();
        for told in bodies.into_iter().filter_map(|body| Told::of(body, self.events, 0)) {
            match told.failing() {
                Some(statement) if !holds => self.add(&told, statement, false),
                None if holds => told.body.statements.iter().for_each(|statement| self.add(&told, statement, true)),
                _ => {}
            }
        }
    }

    fn add(&mut self, told: &Told<'a>, statement: &'a Statement, holds: bool) {
        self.found.insert(statement.span);
        let is_turned = statement.kind == Kind::Not;
        let inner = told.inner(statement).and_then(|inner| inner.failing());
        let names = [Some(statement), inner].into_iter().flatten().flat_map(|each| &each.names);
        names.for_each(|name| self.follow(name, holds != is_turned));
    }
}

/// What was come to, in the order of the script.
struct List<'a> {
    causes: &'a BTreeSet<Span>,
    parts: Vec<(Listed, Cow<'a, Value>)>,
}

struct Listed {
    span: Span,
    depth: u32,
    is_cause: bool,
    /// A cause, or what one is made of.
    matters: bool,
}

impl<'a> List<'a> {
    fn body(&mut self, told: &Told<'a>, depth: u32) {
        for statement in &told.body.statements {
            let is_cause = self.causes.contains(&statement.span);
            if statement.span != (0, 0) && (is_cause || told.is_reached(statement)) {
                self.statement(told, statement, is_cause, depth);
            }
        }
    }

    fn statement(&mut self, told: &Told<'a>, statement: &'a Statement, is_cause: bool, depth: u32) {
        let first = self.parts.len();
        let state = told.state(statement);
        let last = told.values(statement.id).next_back();
        for (id, span) in &statement.operands {
            // Where the whole has no value, one of them has none.
            let missing = (last.is_none() && is_cause).then_some(&Value::Undefined);
            if let Some(value) = told.values(*id).next_back().or(missing) {
                self.add(*span, depth + 1, false, Cow::Borrowed(value));
            }
        }
        if let Some(inner) = told.inner(statement) {
            self.body(&inner, depth + 1);
        }
        let value = match (statement.kind, state) {
            (Kind::Not | Kind::Every, _) => Cow::Owned(Value::Bool(state == State::Holds)),
            // Of several, one that holds.
            (Kind::Holds | Kind::Value, State::Holds) => told.values(statement.id).find(|value| **value != Value::Bool(false)).or(last).map_or(Cow::Owned(Value::Undefined), Cow::Borrowed),
            _ => last.map_or(Cow::Owned(Value::Undefined), Cow::Borrowed),
        };
        self.add(statement.span, depth, is_cause, value);
        self.parts[first..].iter_mut().for_each(|(part, _)| part.matters |= is_cause);
    }

    fn add(&mut self, span: Span, depth: u32, is_cause: bool, value: Cow<'a, Value>) {
        self.parts.push((Listed { span, depth, is_cause, matters: is_cause }, value));
    }

    /// Of too many, first what matters.
    fn finish(self) -> Vec<Part> {
        let mattering = self.parts.iter().filter(|(part, _)| part.matters).count();
        let mut others = MAX_PARTS.saturating_sub(mattering);
        let mut parts = Vec::new();
        for (Listed { span, depth, is_cause, matters }, value) in self.parts {
            if parts.len() == MAX_PARTS || !matters && others == 0 {
                continue;
            }
            others -= usize::from(!matters);
            parts.push(Part { span, depth, is_cause, kind: type_name(&value), size: show_size(&value), value: show(&value) });
        }
        parts
    }
}
