//! Why a script gave what it gave.

use engines::{Entry, Limits, Outcome, Part, Program, with_members};
use std::time::Duration;

mod clock;
use clock::worked;

const LIMITS: Limits = Limits { time: Duration::from_secs(2), memory: 8 << 20 };

fn context() -> regorus::Value {
    regorus::Value::from_json_str(
        r#"{"user": {"spec": {"type": "HUMAN", "groups": ["dev", "ops"]}}, "n": [1, 2, 3], "none": [],
            "request": {"http": {"method": "POST", "path": "/users/1", "bodyMap": {"age": 18}}}}"#,
    )
    .unwrap()
}

fn explain(body: &str) -> Vec<(Part, String)> {
    let source = format!("package octelium.condition\n{body}\n");
    let program = Program::compile(source.as_bytes(), Entry::Condition).unwrap_or_else(|problem| panic!("{problem:?}: {body}"));
    let (_, parts) = program.explain(with_members(&[("ctx", Some(&context()))]), LIMITS).unwrap_or_else(|| panic!("not explained: {body}"));
    parts.into_iter().map(|part| { let text = source[part.span.0..part.span.1].to_string(); (part, text) }).collect()
}

/// What made it so, with what that was made of.
fn causes(body: &str) -> Vec<String> {
    let parts = explain(body);
    let mut found = Vec::new();
    for (at, (part, text)) in parts.iter().enumerate() {
        if !part.is_cause {
            continue;
        }
        let first = parts[..at].iter().rposition(|(each, _)| each.depth <= part.depth).map_or(0, |at| at + 1);
        let inner: Vec<_> = parts[first..at].iter().map(|(part, text)| format!("{text} = {}", value(part))).collect();
        let of = if inner.is_empty() { String::new() } else { format!("; {}", inner.join("; ")) };
        found.push(format!("{text} = {}{of}", value(part)));
    }
    found
}

fn value(part: &Part) -> &str {
    if part.kind == "undefined" { "?" } else { &part.value }
}

#[test]
fn what_did_not_hold_is_named_with_its_values() {
    for (body, expected) in [
        (
            "match if { input.ctx.user.spec.type == \"HUMAN\"; input.ctx.request.http.method == \"GET\" }",
            &["input.ctx.request.http.method == \"GET\" = false; input.ctx.request.http.method = \"POST\""][..],
        ),
        (
            "match if startswith(lower(input.ctx.request.http.path), \"/v1\")",
            &["startswith(lower(input.ctx.request.http.path), \"/v1\") = false; input.ctx.request.http.path = \"/users/1\"; \
               lower(input.ctx.request.http.path) = \"/users/1\""],
        ),
        ("match if input.ctx.nothing == 1", &["input.ctx.nothing == 1 = ?; input.ctx.nothing = ?"]),
        ("match if { x := input.ctx.nothing; x > 18 }", &["input.ctx.nothing = ?"]),
        ("match if { x := input.ctx.request.http.bodyMap.age\n  x > 18 }", &["x > 18 = false; x = 18"]),
        ("match if { some g in input.ctx.user.spec.groups; g == \"admin\" }", &["g == \"admin\" = false; g = \"ops\""]),
        ("match if input.ctx.nothing[_] == 1", &["input.ctx.nothing[_] == 1 = ?; input.ctx.nothing[_] = ?"]),
        ("match if { input.ctx.n[0]; input.ctx.nothing[_] == 1 }", &["input.ctx.nothing[_] == 1 = ?; input.ctx.nothing[_] = ?"]),
        ("match if not input.ctx.user.spec.type == \"HUMAN\"", &["not input.ctx.user.spec.type == \"HUMAN\" = false; input.ctx.user.spec.type = \"HUMAN\""]),
        (
            "match if every n in input.ctx.n { n > 0; n < 3 }",
            &["every n in input.ctx.n { n > 0; n < 3 } = false; n = 3; n > 0 = true; n = 3; n < 3 = false"],
        ),
        ("match if { some x in input.ctx.none; x }", &["input.ctx.none = []"]),
        ("match if { x = input.ctx.n; count(x) > 5 }", &["count(x) > 5 = false; x = [1, 2, 3]; count(x) = 3"]),
        ("match if { x = input.ctx.nothing; count(x) > 5 }", &["x = input.ctx.nothing = ?"]),
        ("match if { input.ctx.n[0] == 1; input.ctx.n = [1] }", &["input.ctx.n = [1] = ?"]),
        ("match := input.ctx.n[0] > 1", &["input.ctx.n[0] > 1 = false; input.ctx.n[0] = 1"]),
        ("default match := false\nmatch if { input.ctx.n[0] == 1; 7 in input.ctx.n }", &["7 in input.ctx.n = false; input.ctx.n = [1, 2, 3]"]),
        ("match if {\n  # one of them\n  {\"a\": 1, \"b\": 2} == input.ctx.n\n}", &["{\"a\": 1, \"b\": 2} == input.ctx.n = false; input.ctx.n = [1, 2, 3]"]),
        ("match if { \"é\" == input.ctx.n[\n0]; true }", &["\"é\" == input.ctx.n[\n0] = false; input.ctx.n[\n0] = 1"]),
        ("match if (input.ctx.n[0] + 1) * 2 == \"é\"", &["(input.ctx.n[0] + 1) * 2 == \"é\" = false; input.ctx.n[0] = 1"]),
        ("match if { some x in input.ctx.n; not x == 1; x == 5 }", &["x == 5 = false; x = 3"]),
        ("match if { some [a, 9] in [[1, 2]]; a == 1 }", &["[[1, 2]] = [[1, 2]]"]),
        ("match if { [a, b] := input.ctx.n; a == b }", &["input.ctx.n = [1, 2, 3]"]),
        ("match if { a = input.ctx.n; a = [9, b, c]; b == c }", &[]),
        ("default match := true\nmatch := false if input.ctx.n[0] == 1", &["input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1"]),
        ("match if { x := set(); x == {1} }", &["x == {1} = false; x = set()"]),
        ("match if { not set() }", &["not set() = false"]),
        ("match if { not ((input.ctx.n[0]) == 1); (true) }", &["not ((input.ctx.n[0]) == 1) = false; input.ctx.n[0] = 1"]),
        ("match if every x in input.ctx.n { input.ctx.nothing[x] }", &["every x in input.ctx.n { input.ctx.nothing[x] } = false; input.ctx.nothing[x] = ?"]),
        ("match if every x in input.ctx.nothing { x }", &["every x in input.ctx.nothing { x } = ?"]),
    ] {
        assert_eq!(causes(body), expected, "{body}");
    }
}

/// Through the rules and functions that a statement names, and only those.
#[test]
fn rules_are_followed() {
    for (body, expected) in [
        (
            "admin if \"admin\" in input.ctx.user.spec.groups\nmatch if admin\nmatch if not blocked\nblocked if input.ctx.n[0] == 1\nunrelated if input.ctx.nothing",
            &[
                "\"admin\" in input.ctx.user.spec.groups = false; input.ctx.user.spec.groups = [\"dev\", \"ops\"]",
                "admin = ?",
                "not blocked = false",
                "input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1",
            ][..],
        ),
        ("f(x) if x > 5\nmatch if f(input.ctx.n[2])", &["x > 5 = false; x = 3", "f(input.ctx.n[2]) = ?; input.ctx.n[2] = 3"]),
        (
            "allowed := input.ctx.request.http.method in [\"GET\", \"HEAD\"]\nmatch if allowed",
            &["input.ctx.request.http.method in [\"GET\", \"HEAD\"] = false; input.ctx.request.http.method = \"POST\"", "allowed = false"],
        ),
        (
            "f(x) := x > 1 if x > 5 else := x > 9 if x > 0\nmatch if f(3)",
            &["x > 5 = false; x = 3", "x > 9 = false; x = 3", "f(3) = false"],
        ),
        (
            "match if count(deny) == 0\ndeny contains 1 if input.ctx.n[0] == 1\ndeny contains 2 if input.ctx.n[0] == 2",
            &["count(deny) == 0 = false; deny = {1}; count(deny) = 1", "input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1"],
        ),
        (
            "level := 1 if input.ctx.n[0] == 1\nlevel := 5 if input.ctx.n[0] == 2\nmatch if level > 3",
            &["input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1", "level > 3 = false; level = 1"],
        ),
        ("match if { f(3); not g(2) }\nf(x) if x > 1\ng(x) if f(x)", &["not g(2) = false", "x > 1 = true; x = 2", "f(x) = true; x = 2"]),
        ("match if count([x | some x in input.ctx.n; f(x)]) == 2\nf(x) if x == 2", &["count([x | some x in input.ctx.n; f(x)]) == 2 = false; count([x | some x in input.ctx.n; f(x)]) = 1"]),
        ("match if { user := 5; user == 6 }\nmatch if not ok(user)\nok(x) if x\nuser := 7", &["user == 6 = false; user = 5", "not ok(user) = false; user = 7", "x = 7"]),
        (
            "match := input.ctx.n if input.ctx.nothing else := false if input.ctx.n[0] == 1 else := true",
            &["input.ctx.nothing = ?", "input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1"],
        ),
        ("g if { every n in input.ctx.n { small(n) } }\nsmall(n) if n < 3\nmatch if g", &["every n in input.ctx.n { small(n) } = false; n = 3; small(n) = ?", "n < 3 = false; n = 3", "g = ?"]),
    ] {
        assert_eq!(causes(body), expected, "{body}");
    }
}

#[test]
fn what_holds_has_its_reasons() {
    for (body, expected) in [
        (
            "match if { input.ctx.n[0] == 1; count(input.ctx.n) == 3 }\nmatch if input.ctx.n[0] == 2",
            &["input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1", "count(input.ctx.n) == 3 = true; input.ctx.n = [1, 2, 3]; count(input.ctx.n) = 3"][..],
        ),
        ("match if { some n in input.ctx.n; n == 2 }", &["input.ctx.n = [1, 2, 3]", "n == 2 = true; n = 2"]),
        ("match := x if { some x in input.ctx.n; x > 0; x < 2 }", &["input.ctx.n = [1, 2, 3]", "x > 0 = true; x = 1", "x < 2 = true; x = 1", "x = 1"]),
        ("match if { input.ctx.n[1]; input.ctx.n = [9, x, y] }\nmatch if input.ctx.n[0] == 1", &["input.ctx.n[0] == 1 = true; input.ctx.n[0] = 1"]),
        ("default match := true\nmatch := false if input.ctx.n[0] == 2", &["input.ctx.n[0] == 2 = false; input.ctx.n[0] = 1"]),
        ("match if not a\na if input.ctx.n[0] == 2", &["not a = true", "input.ctx.n[0] == 2 = false; input.ctx.n[0] = 1"]),
    ] {
        assert_eq!(causes(body), expected, "{body}");
    }
}

#[test]
fn values_are_of_one_time_round() {
    let parts = explain("match if { some x in input.ctx.n; x == 2; x > 7 }");
    let told: Vec<_> = parts.iter().map(|(part, text)| format!("{text} = {}", value(part))).collect();
    assert_eq!(told, ["input.ctx.n = [1, 2, 3]", "x = 2", "x == 2 = true", "x = 2", "x > 7 = false"]);
}

#[test]
fn values_are_cut() {
    let shown = |body: &str| {
        let parts = explain(body);
        parts.into_iter().map(|(part, _)| (part.kind, part.size, part.value)).last().unwrap()
    };
    let long = shown("match := x if x := sprintf(\"%s\\té\", [concat(\"\", [\"a\" | some _ in numbers.range(1, 99)])])");
    assert_eq!((long.0, long.1.as_str()), ("string", "string of 102 bytes"));
    assert_eq!(long.2, format!("\"{}\\t\"... 102 bytes in all", "a".repeat(99)));
    assert_eq!(shown("match := x if x := numbers.range(1, 20)").2, "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... 20 in all]");
    assert_eq!(shown("match := x if x := {\"a\": [{1: [[1, 2]]}], \"b\": set()}").2, "{\"a\": [{1: [... 1 in all]}], \"b\": set()}");
    assert_eq!(shown("match := x if x := bits.lsh(1, 300)").2, "a number of 301 bits");
    let many = explain(&format!("match if {{ x := [[[\"{}\" | some _ in numbers.range(1, 99)]]]; {} x[1] }}", "a".repeat(99), "x == x;".repeat(200)));
    let bytes: usize = many.iter().map(|(part, _)| part.value.len()).sum();
    assert!((128 << 10..160 << 10).contains(&bytes), "{bytes}");
    assert_eq!(many.iter().rfind(|(_, text)| text == "x").unwrap().0.value, "array of 1");
}

/// What follows the evaluation takes little, whatever the script.
#[test]
fn explaining_takes_little() {
    let every = format!("match if {}1 == 2{}", "every x in [1] { ".repeat(20), " }".repeat(20));
    let rules: String = (0..700).map(|number| format!("p.a{number} if 1 == {number}\n")).collect();
    let statements = format!("match if {{ {} false }}", "input.ctx.n[0] == 1;".repeat(900));
    let values = format!("x := [v | some _ in numbers.range(1, 10); v := [w | some _ in numbers.range(1, 10); w := \"{}\"]]\nmatch if {{ {} false }}", "a".repeat(99), "x != 1; ".repeat(1000));
    let names = format!("{rules}match if {{ {} not p }}", "p; ".repeat(500));
    for body in [every, statements, values, names] {
        let source = format!("package octelium.condition\n{body}\n");
        let program = Program::compile(source.as_bytes(), Entry::Condition).unwrap_or_else(|problem| panic!("{problem:?}: {body}"));
        let context = context();
        let took = |work: &dyn Fn()| {
            let before = worked();
            work();
            worked() - before
        };
        let evaluation = took(&|| assert_eq!(program.evaluate(with_members(&[("ctx", Some(&context))]), LIMITS), Outcome::Undefined));
        let explanation = took(&|| {
            let (outcome, parts) = program.explain(with_members(&[("ctx", Some(&context))]), LIMITS).unwrap();
            assert_eq!(outcome, Outcome::Undefined);
            assert!(parts.iter().all(|part| part.value.len() < 1000));
        });
        assert!(explanation < 20 * evaluation + Duration::from_millis(10), "{evaluation:?} {explanation:?}: {body:.60}");
    }
}

/// A script that is too long, or not followed, decides all the same.
#[test]
fn what_cannot_be_explained_is_left_out() {
    assert_eq!(causes("match if { print(\"e\"); input.ctx.n[0] == 2 }"), ["input.ctx.n[0] == 2 = false; input.ctx.n[0] = 1"]);
    let erased = Program::compile("package octelium.condition\nmatch if { print(\"é\"); false }".as_bytes(), Entry::Condition).unwrap();
    assert!(erased.explain(with_members(&[]), LIMITS).is_none());
    let long = "match if { some x in numbers.range(1, 1000); every y in numbers.range(1, 1000) { y > 0 }; x == 0 }";
    let program = Program::compile(format!("package octelium.condition\n{long}").as_bytes(), Entry::Condition).unwrap();
    let before = worked();
    assert!(program.explain(with_members(&[]), LIMITS).is_none());
    assert!(worked() - before < Duration::from_millis(500));
    let program = Program::compile(b"package octelium.condition\nmatch if 1 / input.ctx.zero == 1", Entry::Condition).unwrap();
    let ctx = regorus::Value::from_json_str("{\"zero\": 0}").unwrap();
    assert!(program.explain(with_members(&[("ctx", Some(&ctx))]), LIMITS).is_none());
    assert!(program.explain(with_members(&[("ctx", Some(&ctx))]), Limits { time: Duration::ZERO, ..LIMITS }).is_none());
}
