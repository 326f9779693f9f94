//! JSON Schema: compiled once, without network or files, by regular expressions that do not
//! backtrack.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::program::Problem;

const MAX_SCHEMA_BYTES: usize = 256 * 1024;
const MAX_PATTERN_BYTES: usize = 1 << 20; // of a compiled one

#[derive(Debug)]
pub struct Schema {
    validator: Validator,
}

#[derive(Debug)]
pub struct Failure {
    pub pointer: String,
    /// Empty when the document could not be read.
    pub keyword: String,
    pub message: String,
}

impl Failure {
    pub fn unreadable(message: String) -> Failure {
        Failure { pointer: String::new(), keyword: String::new(), message }
    }
}

/// Nothing is fetched: what a schema refers to is in it.
struct Nowhere;

impl referencing::Retrieve for Nowhere {
    fn retrieve(
        &self,
        uri: &referencing::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("a schema may only refer to itself, not to {uri}").into())
    }
}

impl Schema {
    pub fn compile(text: &[u8]) -> Result<Schema, Problem> {
        if text.len() > MAX_SCHEMA_BYTES {
            return Err(Problem::new(0, 0, format!("a schema has at most {MAX_SCHEMA_BYTES} bytes")));
        }
        let schema: Value = serde_json::from_slice(text).map_err(|error| {
            let line = u32::try_from(error.line()).unwrap_or(0);
            let column = u32::try_from(error.column()).unwrap_or(0);
            Problem::new(line, column, format!("the schema is not JSON: {}", without_position(&error)))
        })?;
        let validator = jsonschema::options()
            .with_retriever(Nowhere)
            .with_pattern_options(
                PatternOptions::regex().size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES),
            )
            .build(&schema)
            .map_err(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
                Problem::new(0, 0, format!("{place}{error}"))
            })?;
        Ok(Schema { validator })
    }

    pub fn validate(&self, document: &[u8]) -> Result<(), Failure> {
        let document: Value = serde_json::from_slice(document)
            .map_err(|error| Failure::unreadable(format!("not JSON: {error}")))?;
        self.validator.validate(&document).map_err(|error| Failure {
            pointer: error.instance_path().to_string(),
            keyword: error.kind().keyword().to_string(),
            message: error.to_string(),
        })
    }
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_string()
}
