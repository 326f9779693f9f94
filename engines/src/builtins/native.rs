//! Calls of the crate's own builtins, past those of ours that have their names.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Result, anyhow};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::limits;
use crate::program::{CLOCK_INTERVAL, Problem};

/// Bytes that an engine may have of its last evaluation.
const MAX_KEPT: i64 = 64 << 10;

thread_local! {
    static ENGINES: RefCell<HashMap<&'static str, Engine>> = RefCell::default();
}

/// The value of an expression over `input`, which is the array of arguments. Expressions are
/// constants of ours, so that the engines of a thread are few.
pub fn evaluate(expression: &'static str, arguments: &[Value]) -> Result<Value> {
    let limit = limits::remaining()?.time;
    let live = limits::live_bytes();
    // Out of the map while it works: one that fails, or panics, is not used again.
    let kept = ENGINES.with_borrow_mut(|engines| engines.remove(expression));
    let mut engine = kept.map_or_else(|| prepare(expression), Ok)?;
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: CLOCK_INTERVAL });
    engine.set_input(Value::from(arguments.to_vec()));
    match engine.eval_rule("data.native.value".to_string()) {
        Ok(value) => {
            engine.set_input(Value::Undefined);
            if limits::live_bytes() - live < MAX_KEPT {
                ENGINES.with_borrow_mut(|engines| engines.insert(expression, engine));
            }
            Ok(value)
        }
        Err(error) if error.downcast_ref::<regorus::LimitError>().is_some() => Err(error),
        Err(error) => Err(anyhow!(Problem::from_regorus(&error.to_string()).message)),
    }
}

fn prepare(expression: &str) -> Result<Engine> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.add_policy(String::new(), format!("package native\nvalue := {expression}\n"))?;
    Ok(engine)
}
