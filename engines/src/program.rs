//! A compiled script: checked, shared by threads, evaluated within limits.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Mutex;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, LimitError, PolicyLengthConfig, Value};

use crate::builtins;
use crate::limits::{self, Exceeded, Limits};
use crate::scan::{self, Scan};
use crate::weight;

const MAX_SOURCE_BYTES: usize = 20_000;
/// A script's lines may be as long as it is: certificates stand in one.
const LENGTHS: PolicyLengthConfig = PolicyLengthConfig {
    max_col: NonZeroU32::new(MAX_SOURCE_BYTES as u32 + 1).unwrap(),
    max_file_bytes: NonZeroUsize::new(MAX_SOURCE_BYTES).unwrap(),
    max_lines: NonZeroUsize::new(MAX_SOURCE_BYTES + 1).unwrap(),
};
/// The interpreter looks at the clock once in so many steps.
pub const CLOCK_INTERVAL: NonZeroU32 = NonZeroU32::new(32).unwrap();
/// Engines that a program keeps for the next evaluations.
const MAX_IDLE: usize = 16;
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
    reads: Vec<Vec<String>>,
    /// Prepared; none when there is no such rule.
    engine: Option<Box<Engine>>,
    /// The rule is put together from parts (`result.a := 1`), and asked for as a query.
    is_assembled: bool,
    idle: Mutex<Vec<Box<Engine>>>,
}

fn failure(error: &anyhow::Error) -> Problem {
    Problem::from_regorus(&error.to_string())
}

impl Program {
    pub fn compile(source: &[u8], entry: Entry) -> Result<Program, Problem> {
        let source = check_text(source)?;
        let _scope = limits::Scope::enter(COMPILE_LIMITS);
        let scan = scan::scan(source);
        if let Some((line, column)) = scan.huge_number {
            return Err(Problem::new(line, column, "the number is too large"));
        }
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(true);
        engine.set_policy_length_config(LENGTHS);
        engine.set_execution_timer_config(timer(COMPILE_LIMITS));
        let package = engine
            .add_policy(String::new(), scan.text.clone())
            .map_err(|error| failure(&error))?;
        // A rule of the script goes before a builtin of its name, as everywhere.
        let declares = |name: &str| engine.has_declared_rule_rooted_at("", name).unwrap_or(false);
        check_calls(&scan, &package, &declares)?;
        let rule = entry.rule();
        let has_entry = within(rule, &package).is_some_and(declares);
        // All of them, whatever the script declares: a function of the script goes first all the same,
        // and a rule of another kind must not lay the crate's own builtin bare.
        for builtin in builtins::replaced() {
            builtin.add_to(&mut engine).map_err(|error| failure(&error))?;
        }
        // Has everything checked that is checked before evaluation.
        engine.eval_query("true".to_string(), false).map_err(|error| failure(&error))?;
        let is_assembled = has_entry && engine.clone().compile_with_entrypoint(&rule.into()).is_err();
        Ok(Program {
            entry,
            reads: scan.reads,
            is_assembled,
            engine: has_entry.then(|| Box::new(engine)),
            idle: Mutex::default(),
        })
    }

    pub fn reads(&self) -> &[Vec<String>] {
        if self.engine.is_some() { &self.reads } else { &[] }
    }

    pub fn evaluate(&self, input: Value, limits: Limits) -> Outcome {
        let Some(prepared) = &self.engine else { return Outcome::Undefined };
        let _scope = limits::Scope::enter(limits);
        let kept = self.idle.lock().ok().and_then(|mut engines| engines.pop());
        let mut engine = kept.unwrap_or_else(|| prepared.clone());
        engine.set_execution_timer_config(timer(limits));
        engine.set_input(input);
        match self.ask(&mut engine) {
            Ok(value) => {
                let outcome = self.outcome(&value);
                self.keep(engine);
                outcome
            }
            // An engine that failed may hold much.
            Err(error) => failed_evaluation(&error),
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

    fn keep(&self, mut engine: Box<Engine>) {
        engine.set_input(Value::Undefined);
        if let Ok(mut engines) = self.idle.lock() {
            if engines.len() < MAX_IDLE {
                engines.push(engine);
            }
        }
    }

    fn outcome(&self, value: &Value) -> Outcome {
        match value {
            Value::Undefined => Outcome::Undefined,
            Value::Bool(value) => Outcome::Bool(*value),
            Value::Object(_) if self.entry == Entry::Condition => Outcome::Object(String::new()),
            Value::Object(_) if weight::afford_text(value, 0).is_err() => Outcome::OutOfMemory,
            Value::Object(_) => match value.to_json_str() {
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

/// The name, within its package, of a rule by its full path.
fn within<'a>(path: &'a str, package: &str) -> Option<&'a str> {
    path.strip_prefix(package)?.strip_prefix('.')
}

fn check_calls(scan: &Scan, package: &str, declares: &dyn Fn(&str) -> bool) -> Result<(), Problem> {
    for call in &scan.calls {
        let refuse = |message: String| Err(Problem::new(call.line, call.column, message));
        let is_empty_set = call.name == "set" && call.arguments == 0; // no call at all
        if is_empty_set || declares(&call.name) {
            continue;
        }
        let full = in_full(&call.name, &scan.imports);
        if full.starts_with("data.") {
            if within(&full, package).is_some_and(declares) {
                continue;
            }
            return refuse(format!("there is no function {} in this script", call.name));
        }
        if let Some(reason) = builtins::why_refused(&call.name) {
            return refuse(reason);
        }
        let wanted = builtins::arity(&call.name);
        if call.arguments != wanted {
            return refuse(format!(
                "{} takes {wanted} argument{}, not {}",
                call.name,
                if wanted == 1 { "" } else { "s" },
                call.arguments
            ));
        }
    }
    Ok(())
}

fn in_full(name: &str, imports: &[(String, String)]) -> String {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    match imports.iter().find(|(alias, _)| alias == first) {
        Some((_, path)) if !rest.is_empty() => format!("{path}.{rest}"),
        Some((_, path)) => path.clone(),
        None => name.to_string(),
    }
}

fn timer(limits: Limits) -> ExecutionTimerConfig {
    ExecutionTimerConfig { limit: limits.time, check_interval: CLOCK_INTERVAL }
}

fn failed_evaluation(error: &anyhow::Error) -> Outcome {
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
    match problem.line {
        0 => Outcome::Error(problem.message),
        line => Outcome::Error(format!("{line}:{}: {}", problem.column, problem.message)),
    }
}
