//! A compiled script: checked, shared by threads, evaluated within limits.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Mutex;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, LimitError, PolicyLengthConfig, Value};
use serde_json::Value as Json;

use crate::builtins;
use crate::calls::{Named, Script};
use crate::explained::{self, Part};
use crate::limits::{self, Exceeded, Limits};
use crate::measured::{Insertions, Measuring, edited, measuring, unused_name};
use crate::reads::Read;
use crate::scan;
use crate::traced::{self, Plan};
use crate::weight;

const MAX_SOURCE_BYTES: usize = 20_000;
/// With the calls that measure, at most one for two bytes.
const MAX_MEASURED_BYTES: usize = 8 * MAX_SOURCE_BYTES;
/// A script's lines may be as long as it is: certificates stand in one.
const LENGTHS: PolicyLengthConfig = PolicyLengthConfig {
    max_col: NonZeroU32::new(MAX_MEASURED_BYTES as u32 + 1).unwrap(),
    max_file_bytes: NonZeroUsize::new(MAX_MEASURED_BYTES).unwrap(),
    max_lines: NonZeroUsize::new(MAX_SOURCE_BYTES + 1).unwrap(),
};
/// The interpreter looks at the clock once in so many steps.
pub const CLOCK_INTERVAL: NonZeroU32 = NonZeroU32::new(32).unwrap();
/// Of rules that lead to one another, in kilobytes of the stack (calls.rs).
const MAX_WEIGHT: u32 = 1000;
/// Engines that a program keeps for the next evaluations, and bytes that each may have of the last.
const MAX_IDLE: usize = 16;
const MAX_KEPT: i64 = 256 << 10;
const COMPILE_LIMITS: Limits = Limits { time: std::time::Duration::from_millis(500), memory: 64 << 20 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Condition,
    Config,
}

impl Entry {
    fn rule(self) -> &'static str {
        match self {
            Entry::Condition => "data.octelium.condition.match",
            Entry::Config => "data.octelium.eval.result",
        }
    }
}

/// Why a script or a schema is refused; line and column are 0 where there are none.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    pub line: u32,
    pub column: u32,
    pub message: String,
}

impl Problem {
    pub fn new(line: u32, column: u32, message: impl Into<String>) -> Problem {
        Problem { line, column, message: message.into() }
    }

    /// From an error as regorus prints it: a picture of the place, and after it "error: ...".
    pub fn from_regorus(text: &str) -> Problem {
        let place = text.split("--> ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or("");
        let mut numbers = place.rsplit(':').map(|number| number.parse().unwrap_or(0));
        let column = numbers.next().unwrap_or(0);
        let line = numbers.next().unwrap_or(0);
        let message = text.rsplit("\nerror: ").next().unwrap_or(text).trim();
        Problem { line, column, message: message.to_string() }
    }
}

#[derive(Debug, PartialEq)]
pub enum Outcome {
    Undefined,
    Bool(bool),
    /// As JSON; of a condition, empty.
    Object(String),
    /// The name of its type.
    Other(&'static str),
    Error(String),
    OutOfTime,
    OutOfMemory,
}

pub struct Program {
    entry: Entry,
    reads: Vec<Read>,
    /// Prepared; none when there is no such rule.
    engine: Option<Box<Engine>>,
    /// The rule is put together from parts (`result.a := 1`), and asked for as a query.
    is_assembled: bool,
    insertions: Insertions,
    idle: Mutex<Vec<Box<Engine>>>,
    traced: Option<Traced>,
}

/// The same script, which tells what its statements gave.
struct Traced {
    plan: Plan,
    engine: Box<Engine>,
}

fn failure(error: &anyhow::Error) -> Problem {
    Problem::from_regorus(&error.to_string())
}

fn refusal(error: &anyhow::Error) -> Problem {
    if limits::was_stack_short() {
        return Problem::new(0, 0, "the script nests too deep");
    }
    match error.downcast_ref::<LimitError>() {
        Some(LimitError::TimeLimitExceeded { .. }) => Problem::new(0, 0, "the script takes too long to compile"),
        Some(_) => Problem::new(0, 0, "the script needs too much memory to compile"),
        None => failure(error),
    }
}

impl Program {
    pub fn compile(source: &[u8], entry: Entry) -> Result<Program, Problem> {
        let source = check_text(source)?;
        let _scope = limits::Scope::enter(COMPILE_LIMITS);
        let scan = scan::scan(source);
        if let Some((line, column)) = scan.huge_number {
            return Err(Problem::new(line, column, "the number is too large"));
        }
        let mut written = parse(&scan.text).map_err(|error| refusal(&error))?;
        let tree = tree_of(&mut written)?;
        let script = Script::read(&tree, &scan.text);
        check_calls(&script)?;
        check_rules(&script)?;
        check_depth(&script)?;
        prepare(&mut written).map_err(|error| refusal(&error))?;
        let measuring = measuring(&script, &tree, &scan.text, |measuring| Ok(assemble(measuring)?.is_some()))?;
        let engine = assemble(&measuring)?.ok_or_else(unreadable)?;
        let rule = entry.rule();
        let has_entry = script.declares(&rule.split('.').map(str::to_string).collect::<Vec<_>>());
        let is_assembled = has_entry && engine.clone().compile_with_entrypoint(&rule.into()).is_err();
        // Where a `print` with other letters than ASCII's was erased, bytes are not where they were.
        let traced = if scan.text.len() == source.len() { trace(&script, &tree, &scan.text, &measuring) } else { None };
        Ok(Program {
            entry,
            reads: scan.reads,
            is_assembled,
            engine: has_entry.then(|| Box::new(engine)),
            insertions: measuring.insertions,
            idle: Mutex::default(),
            traced,
        })
    }

    pub fn reads(&self) -> &[Read] {
        if self.engine.is_some() { &self.reads } else { &[] }
    }

    pub fn evaluate(&self, input: Value, limits: Limits) -> Outcome {
        let Some(prepared) = &self.engine else { return Outcome::Undefined };
        let _scope = limits::Scope::enter(limits);
        let live = limits::live_bytes();
        let kept = self.idle.lock().ok().and_then(|mut engines| engines.pop());
        let mut engine = kept.unwrap_or_else(|| prepared.clone());
        engine.set_execution_timer_config(timer(limits));
        engine.set_input(input);
        match self.ask(&mut engine) {
            Ok(value) => {
                let outcome = self.outcome(&value);
                if limits::live_bytes() - live < MAX_KEPT {
                    self.keep(engine);
                }
                outcome
            }
            // An engine that failed may hold much.
            Err(error) => self.failed(&error),
        }
    }

    fn ask(&self, engine: &mut Engine) -> anyhow::Result<Value> {
        let rule = self.entry.rule().to_string();
        if !self.is_assembled {
            return engine.eval_rule(rule);
        }
        let results = engine.eval_query(rule, false)?;
        let first = results.result.first().and_then(|result| result.expressions.first());
        Ok(first.map_or(Value::Undefined, |expression| expression.value.clone()))
    }

    /// What the script gives for `input` and why, part by part. `None` where that cannot be told: it
    /// failed, took too much, or is written in a way that is not followed.
    pub fn explain(&self, input: Value, limits: Limits) -> Option<(Outcome, Vec<Part>)> {
        let Traced { plan, engine } = self.traced.as_ref()?;
        let _scope = limits::Scope::enter(limits);
        let mut engine = engine.clone();
        engine.set_execution_timer_config(timer(limits));
        engine.set_input(input);
        traced::take_told();
        let result = self.ask(&mut engine);
        let events = traced::take_told();
        let value = result.ok()?;
        let holds = !matches!(value, Value::Undefined | Value::Bool(false));
        let rule: Vec<_> = self.entry.rule().split('.').map(str::to_string).collect();
        Some((self.outcome(&value), explained::explain(plan, &events, &rule, holds)))
    }

    fn keep(&self, mut engine: Box<Engine>) {
        engine.set_input(Value::Undefined);
        if let Ok(mut engines) = self.idle.lock() {
            if engines.len() < MAX_IDLE {
                engines.push(engine);
            }
        }
    }

    fn failed(&self, error: &anyhow::Error) -> Outcome {
        if limits::was_stack_short() {
            return Outcome::Error("the evaluation nests too deep".to_string());
        }
        match error.downcast_ref::<LimitError>() {
            Some(LimitError::MemoryLimitExceeded { .. }) => return Outcome::OutOfMemory,
            Some(LimitError::TimeLimitExceeded { .. }) => return Outcome::OutOfTime,
            _ => {}
        }
        let problem = failure(error);
        // What a builtin of ours says, and all that a function of the script meets, arrives as a text.
        let says = |words: &str| problem.message.contains(words);
        if says(&Exceeded::Time.to_string()) || says("execution exceeded time limit") {
            return Outcome::OutOfTime;
        }
        if says(&Exceeded::Memory.to_string()) || says("execution exceeded memory limit") {
            return Outcome::OutOfMemory;
        }
        match (limits::exceeded(), problem.line) {
            (Some(Exceeded::Time), _) => Outcome::OutOfTime,
            (Some(_), _) => Outcome::OutOfMemory,
            (None, 0) => Outcome::Error(problem.message),
            (None, line) => Outcome::Error(format!("{line}:{}: {}", self.insertions.column(line, problem.column), problem.message)),
        }
    }

    fn outcome(&self, value: &Value) -> Outcome {
        match value {
            Value::Undefined => Outcome::Undefined,
            Value::Bool(value) => Outcome::Bool(*value),
            Value::Object(_) if self.entry == Entry::Condition => Outcome::Object(String::new()),
            Value::Object(_) if weight::afford_text(value, 0).is_err() => Outcome::OutOfMemory,
            Value::Object(_) => match serde_json::to_string(value) {
                Ok(json) => Outcome::Object(json),
                Err(error) => Outcome::Error(format!("the result has no form in JSON: {error}")),
            },
            Value::Null => Outcome::Other("null"),
            Value::Number(_) => Outcome::Other("number"),
            Value::String(_) => Outcome::Other("string"),
            Value::Array(_) => Outcome::Other("array"),
            Value::Set(_) => Outcome::Other("set"),
        }
    }
}

fn check_text(source: &[u8]) -> Result<&str, Problem> {
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("a script has at most {MAX_SOURCE_BYTES} bytes, this one has {}", source.len());
        return Err(Problem::new(0, 0, message));
    }
    let source = std::str::from_utf8(source)
        .map_err(|_| Problem::new(0, 0, "the script is not valid UTF-8"))?;
    if source.trim().is_empty() {
        return Err(Problem::new(0, 0, "the script is empty"));
    }
    Ok(source)
}

fn parse(text: &str) -> anyhow::Result<Engine> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.set_policy_length_config(LENGTHS);
    engine.set_execution_timer_config(timer(COMPILE_LIMITS));
    engine.add_policy(String::new(), text.to_string())?;
    Ok(engine)
}

/// To evaluate.
fn prepare(engine: &mut Engine) -> anyhow::Result<()> {
    // All of them, whatever the script declares: a function of the script goes first all the same,
    // and a rule of another kind must not lay the crate's own builtin bare.
    builtins::replaced().try_for_each(|builtin| builtin.add_to(engine))?;
    // Has everything checked that is checked before evaluation.
    engine.eval_query("true".to_string(), false)?;
    Ok(())
}

/// `None`: a variable in it is without a value. Any other fault must not decide what is measured.
fn assemble(measuring: &Measuring) -> Result<Option<Engine>, Problem> {
    let mut engine = parse(&measuring.text).map_err(|error| refusal(&error))?;
    check_depth(&Script::read(&tree_of(&mut engine)?, &measuring.text))?;
    add_measures(&mut engine, &measuring.name).map_err(|error| refusal(&error))?;
    match prepare(&mut engine) {
        Ok(()) => Ok(Some(engine)),
        Err(error) if is_limit(&error) => Err(refusal(&error)),
        Err(_) => Ok(None),
    }
}

fn add_measures(engine: &mut Engine, name: &str) -> anyhow::Result<()> {
    let functions = [("", weight::measure as fn(&Value) -> Result<(), Exceeded>), ("_part", weight::measure_part)];
    functions.into_iter().try_for_each(|(suffix, measure)| {
        let run = move |mut values: Vec<Value>| {
            let value = values.pop().unwrap_or(Value::Undefined);
            measure(&value)?;
            Ok(value)
        };
        engine.add_extension(format!("{name}{suffix}"), 1, Box::new(run))
    })
}

/// `None`: what the script does is not followed. It decides all the same.
fn trace(script: &Script, tree: &Json, source: &str, measuring: &Measuring) -> Option<Traced> {
    let name = unused_name(source, "told");
    let mut plan = traced::plan(script, tree, source, &name);
    if !plan.edits.iter().all(|(at, ..)| source.is_char_boundary(*at)) {
        return None; // the tree is off
    }
    let (text, _) = edited(source, &mut [&measuring.edits[..], &plan.edits].concat());
    plan.edits.clear();
    let mut engine = parse(&text).ok()?;
    add_measures(&mut engine, &measuring.name).ok()?;
    engine.add_extension(format!("{name}_at"), 1, Box::new(traced::tell_place)).ok()?;
    engine.add_extension(name, 2, Box::new(traced::tell_value)).ok()?;
    prepare(&mut engine).ok()?;
    Some(Traced { plan, engine: Box::new(engine) })
}

fn is_limit(error: &anyhow::Error) -> bool {
    error.downcast_ref::<LimitError>().is_some() || limits::was_stack_short() || limits::exceeded() == Some(Exceeded::Memory)
}

pub fn unreadable() -> Problem {
    Problem::new(0, 0, "the script cannot be looked into")
}

fn tree_of(engine: &mut Engine) -> Result<Json, Problem> {
    let module = engine.get_modules().first().map(serde_json::to_value);
    match module {
        Some(Ok(module)) => Ok(module),
        _ => Err(unreadable()),
    }
}

fn named(path: &[String]) -> String {
    path.join(".")
}

fn check_calls(script: &Script) -> Result<(), Problem> {
    for call in &script.calls {
        let refuse = |message: String| Err(Problem::new(call.line, call.column, message));
        if call.kind == Named::Replaced && script.has_other_name(&call.path) {
            let name = named(&call.path);
            return refuse(format!("{name} is replaced here but called by another name, too; write the same one"));
        }
        // A function of the script goes before a builtin of its name, as everywhere.
        if script.function(&call.path).is_some() {
            continue;
        }
        let name = named(&call.path);
        if script.is_qualified(&call.path) {
            return refuse(format!("there is no function {name} in this script"));
        }
        if let Some(reason) = builtins::why_refused(&name) {
            return refuse(reason);
        }
        let wanted = builtins::arity(&name);
        match call.kind {
            Named::Replaced | Named::Instead if builtins::is_extension(&name) => {
                return refuse(format!("{name} neither replaces nor is replaced by \"with\" here"));
            }
            Named::Called(given) if given != wanted => {
                let plural = if wanted == 1 { "" } else { "s" };
                return refuse(format!("{name} takes {wanted} argument{plural}, not {given}"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_rules(script: &Script) -> Result<(), Problem> {
    if let Some((line, column)) = script.reads_package {
        let message = "a script reads its rules by their names, not its package";
        return Err(Problem::new(line, column, message));
    }
    if let Some((path, definition)) = script.cycle() {
        let kind = if definition.is_function { "function" } else { "rule" };
        let name = script.name_of(path);
        return Err(Problem::new(definition.line, definition.column, format!("the {kind} {name} leads back to itself")));
    }
    Ok(())
}

/// What the interpreter would not survive: it has no bound of its own on its stack.
fn check_depth(script: &Script) -> Result<(), Problem> {
    if script.weight() > MAX_WEIGHT {
        return Err(Problem::new(0, 0, "too many rules and functions lead to one another"));
    }
    Ok(())
}

fn timer(limits: Limits) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit: limits.time, check_interval: CLOCK_INTERVAL }
}
