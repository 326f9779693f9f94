//! Why a script gave what it gave, from what its statements told (traced.rs).

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;

use crate::calls::Path;
use crate::shown::{show, show_size, type_name};
use crate::traced::{Body, Event, Id, Kind, Plan, Span, Statement, is_all};

/// Of the values of all parts, about: of more, the sizes are shown.
const MAX_BYTES: usize = 128 << 10;

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

/// Where in the events what was told stands, by what it is of.
struct Told<'a> {
    events: &'a [Event],
    places: BTreeMap<Id, Vec<usize>>,
    values: BTreeMap<Id, Vec<usize>>,
}

/// Of events: from one, and to another one.
type Range = (usize, usize);

fn within(all: Option<&Vec<usize>>, (start, end): Range) -> &[usize] {
    let all = all.map_or(&[][..], Vec::as_slice);
    &all[all.partition_point(|at| *at < start)..all.partition_point(|at| *at < end)]
}

impl<'a> Told<'a> {
    fn new(events: &'a [Event]) -> Told<'a> {
        let mut told = Told { events, places: BTreeMap::new(), values: BTreeMap::new() };
        for (at, event) in events.iter().enumerate() {
            let of = if event.value.is_some() { &mut told.values } else { &mut told.places };
            of.entry(event.id).or_default().push(at);
        }
        told
    }

    fn places(&self, id: Id, range: Range) -> &[usize] {
        within(self.places.get(&id), range)
    }

    fn last_value(&self, id: Id, range: Range) -> Option<&'a Value> {
        self.events[*within(self.values.get(&id), range).last()?].value.as_ref()
    }

    /// Each time that the body was entered.
    fn entries(&self, body: &Body, range: Range) -> &[usize] {
        let first = body.statements.first().map_or(0, |first| first.id);
        self.places(if body.entry == 0 { first } else { body.entry }, range)
    }

    fn last_entry(&self, body: &Body, range: Range) -> Option<Range> {
        self.entries(body, range).last().map(|start| (*start, range.1))
    }

    /// Each time that the statement was come to.
    fn visits(&self, statement: &Statement, range: Range) -> impl DoubleEndedIterator<Item = Range> {
        let (starts, id) = (self.places(statement.id, range), statement.id);
        (0..starts.len()).map(move |index| {
            let visit = (starts[index], starts.get(index + 1).copied().unwrap_or(range.1));
            let value = within(self.values.get(&id), visit).last();
            let end = value.filter(|_| statement.kind != Kind::Every).map_or(visit.1, |at| at + 1);
            (visit.0, end)
        })
    }

    fn holds(&self, statement: &Statement, visit: Range) -> bool {
        let value = self.last_value(statement.id, visit);
        match statement.kind {
            Kind::Holds | Kind::Value => value.is_some_and(|value| *value != Value::Bool(false)),
            Kind::Not => value.is_none_or(|value| *value == Value::Bool(false)),
            Kind::Some => value.is_some_and(|value| !is_empty(value)),
            Kind::Every => value.is_some() && !self.inner(statement, visit).is_some_and(|(body, range)| matches!(self.end(body, range), End::At(_) | End::Lost)),
            Kind::Assigned | Kind::Unknown => value.is_some(),
        }
    }

    fn inner<'b>(&self, statement: &'b Statement, visit: Range) -> Option<(&'b Body, Range)> {
        let body = statement.inner.as_ref()?;
        Some((body, self.last_entry(body, visit)?))
    }

    /// The interpreter asks those statements first that need no variables.
    fn end<'b>(&self, body: &'b Body, range: Range) -> End<'b> {
        let (mut missing, mut doubts) = (None, Vec::new());
        for statement in body.statements.iter().filter(|statement| statement.span != (0, 0)) {
            if statement.kind == Kind::Unknown {
                doubts.push(statement);
            } else if self.places(statement.id, range).is_empty() {
                missing = missing.or(Some(statement));
            } else if !self.visits(statement, range).any(|visit| self.holds(statement, visit)) {
                return End::At(statement);
            } else if statement.is_pattern {
                doubts.push(statement);
            }
        }
        let doubt = if let [only] = doubts[..] { Some(only) } else { None };
        match (missing, doubt) {
            (None, doubt) if doubts.is_empty() || doubt.is_some() => doubt.map_or(End::Held, End::Perhaps),
            (Some(missing), _) if doubts.is_empty() => End::At(missing),
            (Some(missing), Some(doubt)) if doubt.span <= missing.span => End::At(doubt),
            _ => End::Lost,
        }
    }

    /// The time round that all of it held, or else the last that came to its end.
    fn round(&self, body: &Body, range: Range) -> Range {
        let is_told = |statement: &&Statement| statement.span != (0, 0) && statement.kind != Kind::Unknown;
        let first = |statement: &Statement| self.visits(statement, range).find(|visit| self.holds(statement, *visit));
        match self.end(body, range) {
            End::At(last) => (range.0, self.visits(last, range).next_back().map_or(range.1, |visit| visit.0 + 1)),
            End::Held => (range.0, body.statements.iter().filter(is_told).filter_map(first).map(|visit| visit.0 + 1).max().unwrap_or(range.1)),
            _ => range,
        }
    }

    /// The one that is shown.
    fn visit(&self, statement: &Statement, range: Range, round: Range) -> Option<Range> {
        self.visits(statement, range).rfind(|visit| visit.0 < round.1)
    }
}

/// Which statement a body ended at.
enum End<'a> {
    Held,
    At(&'a Statement),
    /// The others held.
    Perhaps(&'a Statement),
    Lost,
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
    let told = Told::new(events);
    let mut bodies = BTreeMap::<&Path, Vec<usize>>::new();
    for (index, body) in plan.bodies.iter().enumerate() {
        bodies.entry(&body.rule).or_default().push(index);
    }
    let mut causes = Causes { plan, bodies, told: &told, names: BTreeSet::new(), seen: BTreeSet::new(), found: BTreeSet::new(), entries: BTreeMap::new() };
    causes.follow(rule, Some(holds), (0, events.len()));
    let mut list = List { told: &told, causes: causes.found, parts: Vec::new(), left: MAX_BYTES };
    for (index, body) in plan.bodies.iter().enumerate() {
        if let Some(range) = causes.entries.get(&index).copied().or_else(|| told.last_entry(body, (0, events.len()))) {
            list.body(body, range, 1);
        }
    }
    list.parts
}

/// The statements that made a rule hold or not.
struct Causes<'a> {
    plan: &'a Plan,
    /// By their rules.
    bodies: BTreeMap<&'a Path, Vec<usize>>,
    told: &'a Told<'a>,
    names: BTreeSet<(Path, Option<bool>)>,
    seen: BTreeSet<(Path, Option<bool>)>,
    found: BTreeSet<Span>,
    /// Of the bodies, by their numbers.
    entries: BTreeMap<usize, Range>,
}

impl<'a> Causes<'a> {
    /// The rules of that name, those in it, and those that it is in.
    fn follow_all(&mut self, name: &Path, holds: Option<bool>, within: Range) {
        if !self.names.insert((name.clone(), holds)) {
            return;
        }
        let below = self.bodies.range::<Path, _>(name..).map(|(rule, _)| *rule).take_while(|rule| rule.starts_with(name));
        let above = (0..name.len()).filter_map(|end| self.bodies.get_key_value(&name[..end].to_vec())).map(|(rule, _)| *rule);
        let rules: Vec<_> = above.chain(below).collect();
        rules.into_iter().for_each(|rule| self.follow(rule, holds, within));
    }

    /// `within`: where a function is called. `holds`: `None` where it is the value that matters.
    fn follow(&mut self, rule: &[String], holds: Option<bool>, within: Range) {
        if !self.seen.insert((rule.to_vec(), holds)) {
            return;
        }
        let (plan, told, all) = (self.plan, self.told, (0, self.told.events.len()));
        let bodies = self.bodies.get(&rule.to_vec()).map_or(&[][..], Vec::as_slice);
        let bodies: Vec<_> = bodies.iter().map(|index| (*index, &plan.bodies[*index])).collect();
        let mut entries: Vec<usize> = bodies.iter().flat_map(|(_, body)| told.entries(body, all)).copied().collect();
        entries.sort_unstable();
        let mut ended = Vec::new();
        for (index, body) in bodies {
            let called = told.entries(body, within);
            if holds.is_none() && called.len() > 1 {
                continue; // none of them alone made the value
            }
            let Some(start) = called.first().or(told.entries(body, all).last()) else { continue };
            // No rule is entered again, or another body of it, before this one has ended.
            let end = entries.get(entries.partition_point(|at| at <= start)).copied().unwrap_or(all.1);
            let range = *self.entries.entry(index).or_insert((*start, end));
            ended.push((body, range, told.end(body, range)));
        }
        let has_held = ended.iter().any(|(body, _, end)| !body.is_false && matches!(end, End::Held));
        let perhaps = ended.iter().filter(|(_, _, end)| matches!(end, End::Perhaps(_))).count();
        let holds = holds.unwrap_or(has_held || perhaps > 0);
        for (body, range, end) in ended {
            let gives = holds != body.is_false;
            match end {
                End::Held if gives => self.all(body, range),
                End::Perhaps(_) if gives && !has_held && perhaps == 1 => self.all(body, range),
                End::At(statement) | End::Perhaps(statement) if !gives => self.add(statement, range, range, false),
                _ => {}
            }
        }
    }

    fn all(&mut self, body: &'a Body, range: Range) {
        let round = self.told.round(body, range);
        body.statements.iter().for_each(|statement| self.add(statement, range, round, true));
    }

    fn add(&mut self, statement: &Statement, range: Range, round: Range, holds: bool) {
        self.found.insert(statement.span);
        let visit = self.told.visit(statement, range, round).unwrap_or(range);
        let inner = self.told.inner(statement, visit).and_then(|(body, range)| match self.told.end(body, range) {
            End::At(statement) => Some((statement, range)),
            _ => None,
        });
        for (statement, within) in [Some((statement, visit)), inner].into_iter().flatten() {
            for name in &statement.names {
                let holds = name.is_plain.then_some(holds != (statement.kind == Kind::Not));
                self.follow_all(&name.path, holds, within);
            }
        }
    }
}

/// Makes the parts.
struct List<'a> {
    told: &'a Told<'a>,
    causes: BTreeSet<Span>,
    parts: Vec<Part>,
    /// Bytes that values may still take.
    left: usize,
}

impl List<'_> {
    fn body(&mut self, body: &Body, range: Range, depth: u32) {
        let round = self.told.round(body, range);
        let end = self.told.end(body, range);
        for statement in body.statements.iter().filter(|statement| statement.span != (0, 0)) {
            let is_cause = self.causes.contains(&statement.span);
            let visit = self.told.visit(statement, range, round);
            let value = visit.and_then(|visit| self.told.last_value(statement.id, visit));
            // Of `every`, it is not among the causes.
            let is_end = depth > 1 && matches!(end, End::At(last) if last.span == statement.span);
            if visit.is_none() && !is_cause && !is_end {
                continue;
            }
            for (id, span) in &statement.operands {
                // Where the whole has no value, one of them has none.
                let missing = (value.is_none() && is_cause).then_some(&Value::Undefined);
                if let Some(value) = visit.and_then(|visit| self.told.last_value(*id, visit)).or(missing) {
                    self.part(*span, depth + 1, false, value);
                }
            }
            if let Some((inner, range)) = visit.and_then(|visit| self.told.inner(statement, visit)) {
                self.body(inner, range, depth + 1);
            }
            let value = match (statement.kind, visit, value) {
                (Kind::Not, Some(visit), _) | (Kind::Every, Some(visit), Some(_)) => &Value::Bool(self.told.holds(statement, visit)),
                (_, _, value) => value.unwrap_or(&Value::Undefined),
            };
            self.part(statement.span, depth, is_cause, value);
        }
    }

    fn part(&mut self, span: Span, depth: u32, is_cause: bool, value: &Value) {
        let is_long = matches!(value, Value::String(_) | Value::Array(_) | Value::Set(_) | Value::Object(_));
        let shown = if self.left == 0 && is_long { show_size(value) } else { show(value) };
        self.left = self.left.saturating_sub(shown.len());
        self.parts.push(Part { span, depth, is_cause, kind: type_name(value), size: show_size(value), value: shown });
    }
}
