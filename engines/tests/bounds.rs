//! What ends a script that would take too much, before or while it runs.

use engines::{Entry, Limits, Outcome, Problem, Program, with_members};
use std::time::Duration;

mod clock;
use clock::worked;

const LIMITS: Limits = Limits { time: Duration::from_secs(2), memory: 8 << 20 };

fn compile(body: &str) -> Result<Program, Problem> {
    Program::compile(format!("package octelium.condition\n{body}\n").as_bytes(), Entry::Condition)
}

fn evaluate(body: &str) -> Outcome {
    let program = compile(body).unwrap_or_else(|problem| panic!("{problem:?}: {body}"));
    program.evaluate(with_members(&[]), LIMITS)
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
        "f(n) := n\nmatch if f(1) == 2 with f as data.octelium.condition.g\ng(n) := n + 1",
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

/// Functions of functions put a value deeper into others than any script is long.
#[test]
fn values_of_functions_do_not_nest_without_end() {
    let functions: String = (1..12).map(|i| format!("f{i}(x) := f{0}(f{0}(x))\n", i - 1)).collect();
    let body = format!("f0(x) := [[[[[[[[[[[x]]]]]]]]]]]\n{functions}");
    assert_eq!(evaluate(&format!("{body}match if count(f4(1)) == 1")), Outcome::Bool(true));
    for of in ["f5(1)", "f11(1)"] {
        match evaluate(&format!("{body}match if count({of}) == 1")) {
            Outcome::Error(message) => assert!(message.ends_with("a value is nested too deep"), "{message}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn numbers_have_so_many_digits() {
    let squares = |count: usize| (1..=count).map(|i| format!("n{i} := n{0} * n{0}\n", i - 1)).collect::<String>();
    let body = format!("n0 := 2\ndefault d := [x | x := n16 * n16]\nf(x) := ((1 + x * \nx) - 1) / 1\n{}", squares(40));
    let most = "match if { n16 * n15 == bits.lsh(n15, 65536); n16 > product([n14, n14, n15, 2]) / 4 }";
    assert_eq!(evaluate(&format!("{body}{most}")), Outcome::Bool(true));
    for of in ["n17", "n40 - 1", "d", "n16 * n16", "[n16 * n16]", "f(f(n15))", "f(n16)", "n16 * n16 * n16 | {1}", "product([n16, n16])", "bits.lsh(n16, 65536)", "mul(n16, n16)"] {
        let before = worked();
        match evaluate(&format!("{body}match if {{ x := {of}; x }}")) {
            Outcome::Error(message) => assert!(message.contains("a number has too many digits"), "{of}: {message}"),
            other => panic!("{of}: {other:?}"),
        }
        let took = worked() - before;
        assert!(took < Duration::from_millis(500), "{of}: {took:?}");
    }
}

/// One path may be written in many ways.
#[test]
fn a_filter_takes_no_element_twice() {
    let body = "s := concat(\"\", [\"x\" | some _ in numbers.range(1, 50000)])\nw := [\" \", \"\\t\", \"\\n\", \"\\r\"]\n\
                p := [[\"a\", concat(\"\", [a, b, c, d, \"0\"])] | some a in w; some b in w; some c in w; some d in w]\n\
                match if json.filter({\"a\": [s]}, p) + 1";
    assert_eq!(evaluate(body), Outcome::OutOfMemory);
}

/// A path becomes a value as deep as it is long.
#[test]
fn paths_are_not_without_end() {
    let body = "s := concat(\"\", [\"a/\" | some _ in numbers.range(1, 60000)])\nt := [\"a\" | some _ in numbers.range(1, 60000)]\n";
    for call in ["json.filter({\"a\": 1}, [s])", "json.remove({\"a\": 1}, {s})", "json.filter({\"a\": 1}, [t])", "json.patch({\"a\": 1}, [{\"op\": \"remove\", \"path\": s}])"] {
        match evaluate(&format!("{body}match if {call}")) {
            Outcome::Error(message) => assert!(message.ends_with("a path has at most 256 members"), "{message}"),
            other => panic!("{call}: {other:?}"),
        }
    }
    assert_eq!(evaluate("match if json.remove({\"a\": {\"b\": 1}, \"c\": 2}, {\"a/b\", [\"c\"]}) == {\"a\": {}}"), Outcome::Bool(true));
}

/// Its parser keeps all that it has met, and looks through what is open.
#[test]
fn yaml_takes_no_more_than_it_may() {
    for text in ["[", "- ", "? ", "a:\\n", "{a: "] {
        let body = format!("c := concat(\"\", [\"{}\" | some _ in numbers.range(1, 1000)])\ns := concat(\"\", [c | some _ in numbers.range(1, 40)])", text.repeat(20));
        for builtin in ["yaml.unmarshal", "yaml.is_valid"] {
            let before = worked();
            let outcome = evaluate(&format!("{body}\nmatch if {builtin}(s)"));
            assert!(matches!(outcome, Outcome::OutOfMemory | Outcome::OutOfTime), "{text}: {outcome:?}");
            assert!(worked() - before < Duration::from_secs(1), "{text}");
        }
    }
    let body = "match if yaml.unmarshal(concat(\"\\n\", [sprintf(\"k%d: [a, {b: c}]\", [i]) | some i in numbers.range(1, 1000)])).k7[1].b == \"c\"";
    assert_eq!(evaluate(body), Outcome::Bool(true));
}

/// What is printed of a text is up to six times as long, and each level of a value is indented.
#[test]
fn errors_are_not_longer_than_what_was_counted() {
    let text = "s := concat(\"\", [\"\\u0001\" | some _ in numbers.range(1, 100000)])\nt := [s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s]";
    let leaves = "a0 := [null, null, null, null, null, null, null, null]\n".to_string();
    let wide: String = (1..5).map(|i| format!("a{i} := [{}]\n", vec![format!("a{}", i - 1); 8].join(", "))).collect();
    let deep: String = (5..14).map(|i| format!("a{i} := [[[[[[[[[[[a{}]]]]]]]]]]]\n", i - 1)).collect();
    for body in [format!("{text}\nmatch if t + 1"), format!("{leaves}{wide}{deep}match if count({{1: [a13, z] | some z in [1, 2]}}) > 0")] {
        assert_eq!(evaluate(&body), Outcome::OutOfMemory, "{body}");
    }
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

/// The interpreter looks for the name, not for the function.
#[test]
fn functions_are_replaced_by_the_name_they_are_called_by() {
    for body in [
        "match if f(1) == 2 with data.octelium.condition.f as g",
        "match if data.octelium.condition.f(1) == 2 with f as g",
        "import data.octelium.condition as c\nmatch if c.f(1) == 2 with f as c.g",
        "match if h(1) == 2 with data.octelium.condition.f as g\nh(x) := f(x)",
    ] {
        let problem = refused(&format!("{body}\nf(x) := x\ng(x) := x + 1"));
        assert!(problem.message.contains("called by another name"), "{body}: {problem:?}");
    }
    let same = "import data.octelium.condition as c\nmatch if c.f(1) == 2 with c.f as c.g\nf(x) := x\ng(x) := x + 1";
    assert_eq!(evaluate(same), Outcome::Bool(true));
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
    let before = worked();
    compile(&format!("{body}match if r0")).map(|_| ()).unwrap();
    let took = worked() - before;
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// A value that holds another one many times over is small until it is printed or compared.
#[test]
fn shared_values_weigh_what_they_stand_for() {
    let eight = |value: &str| vec![value; 8].join(", ");
    let levels = |first: &str, level: &dyn Fn(usize, &str) -> String| -> String {
        (1..27).fold(format!("{first}\n"), |body, i| body + &level(i, &format!("a{}", i - 1)) + "\n")
    };
    let text = "a0 := [\"lol\", \"lol\"]";
    let list = |i: usize, of: &str| format!("a{i} := [{}]", eight(of));
    let growths: [(&str, String); 35] = [
        ("with data", levels(text, &|i, of| format!("a{i} := x if x := data.foo with data.foo.x as {of} with data.foo.y as {of}"))),
        ("literals", levels(text, &list)),
        ("objects", levels(text, &|i, of| format!("a{i} := {{\"x\": {of}, \"y\": [{of}, {of}], \"z\": {{{of}: {of}}}}}"))),
        ("in a function", format!("f(x) := [{}]\n{}", eight("x"), levels(text, &|i, of| format!("a{i} := f({of})")))),
        ("comprehensions", levels(text, &|i, of| format!("a{i} := [{of} | some _ in numbers.range(1, 8)]"))),
        ("of objects", levels(text, &|i, of| format!("a{i} := {{n: {of} | some n in numbers.range(1, 8)}}"))),
        ("rules of parts", levels(text, &|i, of| format!("a{i}.x := {of}\na{i}.y := {of}\na{i}.z.x := {of}\na{i}.z.y := {of}"))),
        ("partial objects", levels(text, &|i, of| format!("a{i}[n] := {of} if some n in numbers.range(1, 8)"))),
        ("long strings", format!("s0 := concat(\"\", [\"{0}\", \"\"])\n{1}", "x".repeat(9000), levels("a0 := [s0 | some _ in numbers.range(1, 1000)]", &list))),
        ("numbers, often", levels("b0 := numbers.range(1, 10000)\na0[i] := b0 if some i in numbers.range(1, 10000)", &|i, of| format!("a{i} := {of}"))),
        ("partial sets", levels("a0 := {1}", &|i, of| format!("a{i} contains x if {{ some n in [1, 2, 3, 4]; x := [n, {of}] }}"))),
        ("unification", levels(text, &|i, of| format!("a{i} := x if x = [{}]", eight(of)))),
        ("of two lists", levels(text, &|i, of| format!("a{i} := x if [x, 1] = [[{}], 1]", eight(of)))),
        ("an index", levels(text, &|i, of| format!("a{i} := [[{}]][0]", eight(of)))),
        ("array.concat", format!("{text}\nb0 := [[\"lol\", \"lol\"]]\n{}", (1..20).map(|i| format!("b{i} := array.concat(b{0}, b{0})\n", i - 1)).collect::<String>()) + &levels("a0 := [b19 | some _ in b19]", &list)),
        ("with", levels(text, &|i, of| format!("a{i} := x if x := input with input.x as {of} with input.y as {of} with input.z as [{of}, {of}]"))),
        ("with rules", format!("p.x := 1\np.y := 2\n{}", levels(text, &|i, of| format!("a{i} := x if x := p with data.octelium.condition.p.x as {of} with data.octelium.condition.p.y as {of}")))),
        ("else", levels(text, &|i, of| format!("a{i} := 1 if false else := [{}]", eight(of)))),
        ("keys of a rule", levels(text, &|i, of| format!("b{i}[[{}]] := 1\na{i} := k if some k, _ in b{i}", eight(of)))),
        ("a last key", levels(text, &|i, of| format!("a{i}.b[x] := 1 if x := {of}\na{i}.c[x] := 1 if x := {of}\na{i}.d[x] if x := {of}"))),
        ("inner keys", levels(text, &|i, of| format!("a{i}.b[x].k := 1 if x := {of}\na{i}.c[x].k := 1 if x := {of}\na{i}.d[x].k := 1 if x := {of}"))),
        ("inner keys alone", levels(text, &|i, of| format!("a{i}[n][x] if {{ x := {of}; some n in [1, 2, 3] }}\na{i}[n][x][n] if {{ x := {of}; some n in [4, 5, 6] }}"))),
        ("inner keys of else", levels(text, &|i, of| format!("a{i}.b[x].k := 1 if false\nelse := 2 if x := {of}\na{i}.c[x].k := 1 if false\nelse := 2 if x := {of}"))),
        ("keys of sets", levels(text, &|i, of| format!("a{i}[n][x] contains 1 if {{ x := {of}; some n in [1, 2, 3] }}"))),
        ("a function's value", levels(text, &|i, of| format!("f{i}(x) := x\na{i} := x if x := f{i}(1) with f{i} as [{}]", eight(of)))),
        ("json.filter", levels(text, &|i, of| format!("a{i} := json.filter({{\"a\": [{of}]}}, [\"a/0\", \"a/ 0\", \"a/0 \", \"a/  0\"])"))),
        ("matches", levels(text, &|i, of| format!("b{i} := {{[\"10.0.0.0/8\", n, {of}] | some n in [1, 2, 3]}}\na{i} := net.cidr_contains_matches(b{i}, b{i})"))),
        ("defaults", levels(text, &|i, of| format!("default a{i} := [{of} | some _ in numbers.range(1, 8)]"))),
        ("defaults of sets", levels(text, &|i, of| format!("default a{i} := {{[{of}, n] | some n in numbers.range(1, 8)}}"))),
        ("defaults of objects", levels(text, &|i, of| format!("default a{i} := {{n: {of} | some n in numbers.range(1, 8)}}"))),
        ("literals of defaults", levels(text, &|i, of| format!("default a{i} := [[{of} | true], {{\"a\": [x | x := {of}]}}, {{{of} | true}}]"))),
        ("literals in defaults", levels(text, &|i, of| format!("default a{i} := [x | x := [{}]]", eight(of)))),
        ("functions with defaults", levels(text, &|i, of| format!("default f{i}(_) := [{of} | some _ in numbers.range(1, 8)]\na{i} := f{i}(1)"))),
        ("in some", levels(text, &|i, of| format!("a{i} := x if some x in [[{}]]", eight(of)))),
        ("assignments", levels(text, &|i, of| format!("a{i} := y if {{ x := [{}]; [y, _] := [[x, x], 1] }}", eight(of)))),
    ];
    for (what, growth) in growths {
        for use_of_it in ["a26 + 1", "a26 == a25", "count({a26, a25}) > 0", "sum(a26) > 0", "a26 < other", "some x in a26 + 1"] {
            let body = format!("{growth}other := a26\nmatch if {use_of_it}");
            let before = worked();
            let outcome = evaluate(&body);
            assert_eq!(outcome, Outcome::OutOfMemory, "{what}: {use_of_it}");
            assert!(worked() - before < Duration::from_secs(1), "{what}: {use_of_it}");
        }
    }
}

/// Each step of a patch may put the whole into itself.
#[test]
fn patches_do_not_nest_without_end() {
    for steps in ["{\"op\": \"copy\", \"from\": \"\", \"path\": \"/a\"}", "{\"op\": \"add\", \"path\": \"/b\", \"value\": [[[[[[1]]]]]]}"] {
        let body = format!("p := [{steps} | some _ in numbers.range(1, 100000)]\nmatch if json.patch({{\"a\": 1}}, p)");
        assert!(matches!(evaluate(&body), Outcome::Error(_) | Outcome::OutOfMemory | Outcome::OutOfTime), "{steps}");
    }
}

/// However values are made and taken apart, what is measured is what was written; and so is what is
/// explained, with a reason where all statements are followed.
#[test]
fn measuring_and_telling_change_no_value() {
    for body in [
        "match if { x := 1; [x, [y, 2]] = [1, [\"é]\", 2]]; y == \"é]\" }",
        "match if { x := [1, 2]; x = [a, b]; a + b == 3 }",
        "match if { x = [a, b]; x = [1, 2]; a + b == 3 }",
        "match if { a := 1; x = [a, a]; x == [1, 1] }",
        "match if { [a, b] = x; x = [1, 2]; a < b; y := 3; {\"k\": y} = z; z.k == 3 }",
        "match if { {\"k\": v, \"w\": [w]} = {\"k\": 1, \"w\": [2]}; v + w == 3 }",
        "match if { [a, b] := split(\"x/y\", \"/\"); [b, a] == [\"y\", \"x\"] }",
        "match if { [a, b] = split(\"x/y\", \"/\"); {a: b} == {\"x\": \"y\"} }",
        "match if { some [k, v] in [[1, 2], [3, 4]]; k + v == 7 }",
        "match if { some k, {\"a\": v} in {\"x\": {\"a\": 1}}; [k, v] == [\"x\", 1] }",
        "match if { every k, v in {\"a\": [1], \"b\": [2]} { [v[0], k] in {[1, \"a\"], [2, \"b\"]} } }",
        "f([x, y]) := {x: y}\nmatch if f([\"a\", f([1, 2])]).a[1] == 2",
        "f(x) := [x, x] if x > 1\nelse := [x] if x == 1\nelse := {x}\nmatch if [f(2), f(1), f(0)] == [[2, 2], [1], {0}]",
        "match if { x := {i: [j | j := i + 1] | some i in [1, 2]}; x == {1: [2], 2: [3]} }",
        "match if { x := {[i, {j}] | some i in [1, 2]; some j in {i}}; count(x) == 2 }",
        "x := { # {\n  \"a\": y, # [\n  \"b\": `[{`,\n}\ny := [\n  1,\n  \"}\\\"\",\n]\nmatch if x.a == y",
        "p contains [x, {y}] if { some x in [1, 2]; y := x }\nmatch if p == {[1, {1}], [2, {2}]}",
        "p contains x if some x in [1, 2]\nq contains p if true\nmatch if q == {{1, 2}}",
        "p[x] := y if { some x in [1, 2]; y := {x: p2} }\np2[\"a\"][x] := [x] if some x in [1]\nmatch if p[2][2].a[1] == [1]",
        "p.a := q\np.b.c := [q, q]\nq := {1}\nmatch if p.b.c[1] == p.a",
        "match if { x := input with input.a as y; x.a == [1] }\ny := [1]",
        "match if { x := f(1) with f as g; x == [1, 2] }\nf(x) := x\ng(x) := [x, 2]",
        "match if { x := count([1, 2]) with count as 5; x == 5 }",
        "x := {\"a\": y}.a\ny := [1, 2][1]\nmatch if x == 2",
        "x := ({1, y} | {3}) & {y, 3}\ny := 2\nmatch if x - {y} == {3}",
        "x := array.concat([y], [y])[0]\ny := 2\nmatch if x == y",
        "match if { not [y] == [3]; ([y]) == [2] }\ny := 2",
        "match if { x := [1, [2]]; {[1, [2]]}[x]; {x: 1}[[1, [2]]] == 1; y := {x}; y[[a, [b]]]; a + b == 3 }",
        "a := [1, 2]\nmatch if { y := [a[i], i]; y == [2, 1] }",
        "a := [1, 2]\nmatch if { {\"k\": a[_]}.k == 2; x := [a[j], j]; x == [2, 1] }",
        "a := [1, 2]\np contains [a[i], i] if some i, _ in a\nq[i] := {a[i]} if some i, _ in a\nr[a[_]] := [a]\nmatch if { p == {[1, 0], [2, 1]}; q[1] == {2}; r[2] == [[1, 2]] }",
        "a := [[1, 2], [3, 4]]\nmatch if { [3, x] = a[_]; [z, y] := [4, [a[1][0], x]]; y == [3, z]; f([a[_], 1]) == [3, 4] }\nf(x) := x[0]",
        "a := [1, 2]\nmatch if { [x | x := [a[_]]][1] == [2]; count([a[_] | true]) == 2; 2 in [a[1], 7]; some y in {a[_]}; y == 2 }",
        "default p := [1, {2}]\nmatch if p[1][2]",
        "match if { print([y], {y}); y := 1; x := [y,]; x == [1] }",
        "match if { x := \"s\"; [(\"a\" * 2) | false] == []; p[x].k == \"v\"; p[\"t\"].k == `w`; q.k.s[\"u\"]; r[\"s\"][2] }\np[x].k := \"v\" if x := \"s\"\n\
         p[x].k := `w` if x := \"t\"\nq.k[x] contains \"u\" if x := \"s\"\nr[x][ # ]\n1 + y\n # ]\n] if { x := \"s\"; y := 1 }",
        "match if { not [2 * input.x | true]; not {3 * input.x * 3 | {input.x}}; {(2 * y) | some y in [3]} == {6} }",
        "match if { [{\"k\": [1, input]}] = [{\"k\": x}]; w = x; count(w) == 2; [{y, -3}] = [z]; y in z; v := [[0, 1]]; [[_, 1]] = v }\ny := 1",
        "p.x := \"abc\" if false else := f(\"é\")[\"k\"] * 2 - 4\nf(x) := {\"k\": (2 * 3) * count([(x * 1) | x := 2])}\nmatch if p.x == 8",
        "match = x if { y := 1; x := {\"measured0\": y} } else = false",
    ] {
        let outcome = evaluate(body);
        let is_as_written = outcome == Outcome::Bool(true) || body.starts_with("match = ") && outcome == Outcome::Object(String::new());
        assert!(is_as_written, "{body}: {outcome:?}");
        let Some((told, parts)) = compile(body).unwrap().explain(with_members(&[]), LIMITS) else { panic!("not explained: {body}") };
        assert_eq!(told, outcome, "{body}");
        assert!(parts.iter().any(|part| part.is_cause) || body.contains(" = "), "{body}: {parts:?}");
    }
}

#[test]
fn errors_are_where_they_were_written() {
    for (body, place) in [
        ("match if { y := 1; x := [y]; z := {\"v\": y, \"w\": [x + 1, y]}; z }", "2:50: "),
        ("match if {\n  x := [input, [input | some _ in [input]]]\n  y := {x: x - 1}\n  y }", "4:12: "),
        ("match if { [1, y] == [2, 1 / 0]; y = 1 }", "2:28: "),
        ("match if { x := 2 * 3 - 1; y := x * x + 4 * \"a\"; z := {\"v\": y}; z }", "2:46: "),
        ("match if p.k.v\np[x].v := [x, x - 1] if x := \"k\"", "3:15: "),
    ] {
        match evaluate(body) {
            Outcome::Error(message) => assert!(message.starts_with(place), "{body}: {message}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let problem = refused("k.x := 1\np[k.x].y := 2\nmatch if p");
    assert_eq!((problem.line, problem.column), (3, 4), "{problem:?}");
    assert!(problem.message.starts_with("what stands in brackets within the name of a rule"), "{problem:?}");
    let problem = refused("match if {\n  y := 1; [x, [y, y]] = [[y, y], z]; z == x }");
    assert_eq!((problem.line, problem.column), (3, 11), "{problem:?}");
    assert!(problem.message.starts_with("both sides of this \"=\""), "{problem:?}");
    for body in [
        "x := data.octelium",
        "x := data.octelium.condition",
        "x := data[\"octelium\"][\"condition\"]",
        "x := [y | some y in data]",
        "x := data[y]",
        "x := data.octelium[y].match",
        "x if count(data) > 0",
        "x if { y := 1 with input as data.octelium; y }",
        "x if { data.octelium = y; y }",
        "import data.octelium.condition as c\nx := c",
        "import data.octelium as c\nx := c.condition",
    ] {
        let problem = refused(&format!("{body}\nmatch if x"));
        assert_eq!(problem.message, "a script reads its rules by their names, not its package", "{body}");
    }
    let many: String = (0..65).map(|i| format!("x{i} := [1]; x{i} = [y{i}];\n")).collect();
    assert!(refused(&format!("match if {{ {many} y0 == 1 }}")).message.starts_with("a script has at most 64 \"=\""));
}

/// What a loop makes and lets go is not counted, if it is as small as its places.
#[test]
fn small_values_may_be_made_without_end() {
    let body = "a := numbers.range(1, 1000)\nmatch if { some i in a; some j in a; x := [i, j, \"a\", true]; {x[1]: x[0]}[1] == 1001 } else := true";
    assert!(matches!(evaluate(body), Outcome::Bool(true) | Outcome::OutOfTime));
}

/// A place is measured or the script refused, whatever else would be too much once it is measured.
#[test]
fn what_is_measured_is_not_chosen_by_other_limits() {
    let grows: String = (1..13).map(|i| format!("a{i} := x if x = [a{0}, a{0}, a{0}, a{0}, a{0}, a{0}, a{0}, a{0}]\n", i - 1)).collect();
    for depth in 60..140 {
        let below: String = (0..depth).map(|i| format!("r{i} := [r{} | true][0]\n", i + 1)).collect();
        let body = format!("r{depth} := [\"lol\", \"lol\"]\na0 := r0\n{below}{grows}match if a12 == 1");
        if let Ok(program) = compile(&body) {
            let outcome = program.evaluate(with_members(&[]), LIMITS);
            assert_eq!(outcome, Outcome::OutOfMemory, "{depth}");
        }
    }
    for pattern in ["[x, _]", "[x, 1, _]", "[_, x]", "[x, [_]]"] {
        let made = pattern.replacen('x', "[a{0}, a{0}, a{0}, a{0}, a{0}, a{0}, a{0}, a{0}]", 1);
        let grows: String = (1..13).map(|i| format!("a{i} := x if {pattern} = {}\n", made.replace("{0}", &(i - 1).to_string()))).collect();
        if let Ok(program) = compile(&format!("a0 := [\"lol\", \"lol\"]\n{grows}match if a12 == 1")) {
            let outcome = program.evaluate(with_members(&[]), LIMITS);
            assert!(matches!(outcome, Outcome::OutOfMemory | Outcome::Error(_)), "{pattern}: {outcome:?}");
        }
    }
}
