//! Operators under the names of functions.

use super::{Builtin, native};

macro_rules! operator {
    ($name:literal, $arity:literal, $expression:literal) => {
        Builtin {
            name: $name,
            arity: $arity,
            run: |arguments| native::evaluate($expression, arguments),
        }
    };
}

pub const BUILTINS: &[Builtin] = &[
    operator!("and", 2, "input[0] & input[1]"),
    operator!("div", 2, "input[0] / input[1]"),
    operator!("eq", 2, "input[0] == input[1]"),
    operator!("equal", 2, "input[0] == input[1]"),
    operator!("gt", 2, "input[0] > input[1]"),
    operator!("gte", 2, "input[0] >= input[1]"),
    operator!("internal.member_2", 2, "input[0] in input[1]"),
    operator!("internal.member_3", 3, "(input[0], input[1] in input[2])"),
    operator!("lt", 2, "input[0] < input[1]"),
    operator!("lte", 2, "input[0] <= input[1]"),
    operator!("minus", 2, "input[0] - input[1]"),
    operator!("mul", 2, "input[0] * input[1]"),
    operator!("neq", 2, "input[0] != input[1]"),
    operator!("or", 2, "input[0] | input[1]"),
    operator!("plus", 2, "input[0] + input[1]"),
    operator!("rem", 2, "input[0] % input[1]"),
];
