//! Rego and JSON Schema for the gateway; `include/engines.h` is the interface.
#![deny(unsafe_op_in_unsafe_fn)]

mod abi;
mod builtins;
mod calls;
mod document;
mod explained;
mod limits;
mod measured;
mod places;
mod program;
mod reads;
mod scan;
mod schema;
mod shown;
mod traced;
mod tree;
mod weight;

pub use document::{read as read_document, with_members};
pub use explained::Part;
pub use limits::Limits;
pub use program::{Entry, Outcome, Problem, Program};
pub use schema::{Failure, Schema};
