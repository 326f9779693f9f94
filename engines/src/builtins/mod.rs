//! The builtins that scripts may call: a list of names, and those that are ours, because the crate
//! lacks them or because one call of them could take long or much.

mod corrected;
mod crypto;
mod format;
mod globs;
mod guarded;
mod keys;
mod list;
mod native;
mod net;
mod operators;
mod token;
mod x509;

use anyhow::{Result, anyhow};
use regorus::{Engine, Value};

use crate::weight::measure;

pub use list::{arity, why_refused};

/// One of ours. `run` gets as many arguments as `arity` says, none of them undefined.
pub struct Builtin {
    pub name: &'static str,
    pub arity: u8,
    pub run: fn(&[Value]) -> Result<Value>,
}

impl Builtin {
    pub fn add_to(&self, engine: &mut Engine) -> Result<()> {
        let (name, run) = (self.name, self.run);
        engine.add_extension(
            name.to_string(),
            self.arity,
            Box::new(move |arguments: Vec<Value>| {
                let value = run(&arguments).map_err(|error| named(name, error))?;
                measure(&value)?;
                Ok(value)
            }),
        )
    }
}

/// What is exceeded is no fault of the builtin.
fn named(name: &str, error: anyhow::Error) -> anyhow::Error {
    if error.downcast_ref::<crate::limits::Exceeded>().is_some() {
        return error;
    }
    anyhow!("{name}: {error}")
}

pub fn replaced() -> impl Iterator<Item = &'static Builtin> {
    [corrected::BUILTINS, crypto::BUILTINS, format::BUILTINS, globs::BUILTINS, guarded::BUILTINS, net::BUILTINS, operators::BUILTINS, token::BUILTINS, x509::BUILTINS]
        .into_iter()
        .flatten()
}

/// Whether the crate has no builtin of this name, and so knows it only where it is called.
pub fn is_extension(name: &str) -> bool {
    let is_known = [corrected::BUILTINS, format::BUILTINS, guarded::BUILTINS].into_iter().flatten().any(|builtin| builtin.name == name);
    !is_known && replaced().any(|builtin| builtin.name == name)
}

/// A string argument.
fn text(value: &Value) -> Result<&str> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(anyhow!("a string is needed")),
    }
}
