//! Calls of the crate's own builtins, past those of ours that have their names.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Result, anyhow};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use crate::limits;
use crate::program::{CLOCK_INTERVAL, Problem};

thread_local! {
    static ENGINES: RefCell<HashMap<&'static str, Engine>> = RefCell::default();
}

/// The value of an expression over `input`, which is the array of arguments. Expressions are
/// constants of ours, so that the engines of a thread are few.
pub fn evaluate(expression: &'static str, arguments: &[Value]) -> Result<Value> {
    let limit = limits::remaining()?.time;
    ENGINES.with_borrow_mut(|engines| {
        if !engines.contains_key(expression) {
            engines.insert(expression, prepare(expression)?);
        }
        let engine = engines.get_mut(expression).ok_or_else(|| anyhow!("no engine"))?;
        let timer = ExecutionTimerConfig { limit, check_interval: CLOCK_INTERVAL };
        engine.set_execution_timer_config(timer);
        engine.set_input(Value::from(arguments.to_vec()));
        let result = engine.eval_rule("data.native.value".to_string());
        engine.set_input(Value::Undefined);
        if result.is_err() {
            engines.remove(expression);
        }
        result.map_err(|error| {
            if error.downcast_ref::<regorus::LimitError>().is_some() {
                return error;
            }
            anyhow!(Problem::from_regorus(&error.to_string()).message)
        })
    })
}

fn prepare(expression: &str) -> Result<Engine> {
    let mut engine = Engine::new();
    engine.set_strict_builtin_errors(true);
    engine.add_policy(String::new(), format!("package native\nvalue := {expression}\n"))?;
    Ok(engine)
}
