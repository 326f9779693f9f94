//! What ends a script that would take too much, before or while it runs.

use engines::{Entry, Limits, Outcome, Problem, Program, with_members};
use std::time::{Duration, Instant};

const LIMITS: Limits = Limits { time: Duration::from_secs(2), memory: 8 << 20 };

fn compile(body: &str) -> Result<Program, Problem> {
    Program::compile(format!("package octelium.condition\n{body}\n").as_bytes(), Entry::Condition)
}

fn evaluate(body: &str) -> Outcome {
    compile(body).unwrap().evaluate(with_members(&[]), LIMITS)
}

fn refused(body: &str) -> Problem {
    match compile(body) {
        Ok(_) => panic!("accepted: {body}"),
        Err(problem) => problem,
    }
}

/// Without a builtin that asks: the interpreter's own loops do.
#[test]
fn memory_is_bounded_in_loops() {
    for body in [
        "match if { x := [y | some i in a; some j in a; y := [i, j]]; count(x) > 0 }",
        "match if { x := {[i, j]: {i: j} | some i in a; some j in a}; count(x) > 0 }",
        "p contains [i, j] if { some i in a; some j in a }\nmatch if count(p) > 0",
    ] {
        let body = format!("a := numbers.range(1, 3000)\n{body}");
        assert_eq!(evaluate(&body), Outcome::OutOfMemory, "{body}");
    }
}

/// However a function gets at itself.
#[test]
fn recursion_is_refused() {
    for body in [
        "f(n) := [f(n)]",
        "f(n) :=\n  f(n)",
        "f(n) := 1 +\r\n  f(n)",
        "f(n) if\n  f(n)",
        "f(n) if\nevery x in [1] { f(x) }",
        "f(n) := 1 if n == 2\nelse :=\nf(n)",
        "a := 1 f(n) := [f(n)]",
        "a.b(n) := [a.b(n)]",
        "a[\"b\"](n) := [a.b(n)]",
        "f(n) := [data.octelium.condition[ \"f\" ](n)]",
        "f(n) := [data.octelium.condition[\"\\u0066\"](n)]",
        "import data.octelium.condition as c\nf(n) := [c.f(n)]",
        "import data.octelium.condition\na.b(n) := [condition.a.b(n)]",
        "import data.octelium.condition.f as g\nf(n) := [g(n)]",
        "f(n) := x if { x := g(n) with g as f }\ng(n) := n",
        "f(n) := x if { x := count([n]) with count as data.octelium.condition.f }",
        "f(n) := { g(x) | some x in n }\ng(n) := [h(n)]\nh(n) := { 1: f(n) }",
        "default f(_) := f(1)\nf(n) := 1 if n == 2",
        "f(n) := r\nr := f(1)",
        "f(n) := g(n)\nr := f(1)\ng(n) := data.octelium.condition.r",
        "p[x] := f(x) if some x in [1]\nf(n) := [p[n]]",
        "p contains x if { some x in [1]; not p[2] }",
        "p.a := p.c\np.b := 1",
    ] {
        let problem = refused(&format!("{body}\nmatch if true"));
        assert!(problem.message.contains("leads back to itself"), "{body}: {problem:?}");
        assert!(problem.line > 1, "{body}: {problem:?}");
    }
    let problem = refused("match if true\n\n  a.b(n) :=\n a.b(n)");
    assert_eq!((problem.line, problem.column), (4, 3));
    assert_eq!(problem.message, "the function a.b leads back to itself");
}

/// Names that only look as if they led back.
#[test]
fn what_is_no_recursion() {
    for body in [
        "a := f(2)\nf(a) := a + 1\nmatch if a == 3",
        "f(n) := g if { g := n }\ng(n) := f(n)\nmatch if g(true)",
        "p.a := 1\np.b := p.a\nmatch if p.b == 1",
        "f(n) := n + 1\ng(n) := f(f(n))\nmatch if g(f(1)) == 4",
        "y := 1\nx := [y | y := 2]\nmatch if x == [2]",
        "n := { k: v | some k, v in m }\nm := {\"n\": true}\nmatch if n.n",
        "every_x if every x in [1] { x == 1 }\nx if every_x\nmatch if x",
        "f(n) := n\nmatch if f(1) with data.octelium.condition.f as g\ng(n) := n",
        "match if input.match == 1 with input.match as 1",
    ] {
        assert_eq!(evaluate(body), Outcome::Bool(true), "{body}");
    }
}

#[test]
fn the_stack_is_bounded() {
    let chain = |count: usize, rule: &dyn Fn(usize) -> String| -> String {
        (0..count).map(rule).chain([format!("r{count} := 1\nmatch if r0")]).collect()
    };
    let rules = |count| chain(count, &|i| format!("r{i} := [1 | r{}]\n", i + 1));
    assert_eq!(evaluate(&rules(100)), Outcome::Bool(true));
    assert!(refused(&rules(1000)).message.contains("lead to one another"));
    let hidden = |count| chain(count, &|i| format!("r{i}.a := r{}.b\n", i + 1));
    assert!(refused(&hidden(1000)).message.contains("lead to one another"));
    let functions: String = (0..1000).map(|i| format!("f{i}(n) := f{}(n)\n", i + 1)).collect();
    assert!(refused(&format!("{functions}f1000(n) := n\nmatch if f0(1)")).message.contains("lead to one another"));


    let body: String = (0..1000).map(|i| format!("some x{i} in [1]\n")).collect();
    assert!(matches!(evaluate(&format!("match if {{\n{body}}}")), Outcome::Error(_) | Outcome::OutOfMemory));
    let loops = "a[_]\n".repeat(3500);
    let deep = evaluate(&format!("a := [1]\nmatch if {{\n{loops}}}"));
    assert_eq!(deep, Outcome::Error("the evaluation nests too deep".to_string()));
    assert!(compile(&format!("match if {}1", "- ".repeat(9000))).is_err());
}

/// A patch of a value by itself doubles its depth.
#[test]
fn values_do_not_nest_without_end() {
    let mut body = String::from("x0 := {\"a\": {\"a\": 1}}\np0 := \"/a/a\"\n");
    for i in 0..20 {
        body += &format!("x{0} := json.patch(x{i}, [{{\"op\": \"replace\", \"path\": p{i}, \"value\": x{i}}}])\n", i + 1);
        body += &format!("p{} := concat(\"\", [p{i}, p{i}])\n", i + 1);
    }
    match evaluate(&format!("{body}match if x20")) {
        Outcome::Error(message) => assert!(message.contains("nested more than 64 deep"), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn builtins_are_refused_by_every_spelling() {
    for body in [
        "match if { trace\n(\"x\") }",
        "match if { data.foo[\"trace\"](\"x\") }",
        "match if { count([1]) with count as trace }",
        "match if { count(\"x\") with count as units.parse }",
        "match if { count(\"x\") with count as http.send }",
        "match if { startswith(\"a\", \"b\") with startswith as print }",
        "match if { count(\"x\") with count as io.jwt.decode }",
        "match if { io.jwt.decode(\"x\") with io.jwt.decode as count }",
        "trace := 1\nmatch if { trace(\"x\") }",
        "import data.foo as strings\nmatch if { strings.count(\"a\", \"b\") == 0 }",
        "match if { x := [1 | uuid.parse(\"x\")]; x }",
        "match if walk(input)[_]",
        "f(walk(1)) := 1\nmatch if f(1)",
        "p[trace(\"x\")] := 1\nmatch if p.x",
        "default match := trace(\"x\")",
    ] {
        assert!(refused(body).line >= 2, "{body}");
    }
}

#[test]
fn looking_into_a_script_takes_little() {
    let body: String = (0..400).map(|i| format!("r{i} := [1 | [2 | [3 | input.a[{i}]]]]\n")).collect();
    let before = Instant::now();
    compile(&format!("{body}match if r0")).map(|_| ()).unwrap();
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
}
