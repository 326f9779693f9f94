use engines::{Entry, Limits, Outcome, Program, read_document, with_members};
use std::time::Duration;

fn limits() -> Limits {
    Limits { time: Duration::from_secs(2), memory: 32 << 20 }
}

fn compile(body: &str) -> Result<Program, engines::Problem> {
    Program::compile(format!("package octelium.condition\n{body}\n").as_bytes(), Entry::Condition)
}

fn evaluate(body: &str) -> Outcome {
    let ctx = regorus::Value::from_json_str(
        r#"{"user":{"spec":{"type":"HUMAN"},"metadata":{"name":"alice"}},"request":{"http":{"path":"/v1/x"}},"session":{"status":{}}}"#,
    )
    .unwrap();
    let attrs = regorus::Value::from_json_str(r#"{"k":"v"}"#).unwrap();
    let program = compile(body).unwrap();
    program.evaluate(with_members(&[("ctx", Some(&ctx)), ("attrs", Some(&attrs))]), limits())
}

#[test]
fn conditions_of_the_reference() {
    let yes = Outcome::Bool(true);
    assert_eq!(evaluate(r#"match if { input.ctx.user.spec.type == "HUMAN" }"#), yes);
    assert_eq!(evaluate(r#"match if { input.ctx.user.spec.type == "WORKLOAD" }"#), Outcome::Undefined);
    assert_eq!(
        evaluate("default match = false\nmatch if { startswith(input.ctx.request.http.path, \"/v1\") }"),
        yes
    );
    assert_eq!(evaluate("match if { not input.ctx.session.status.isBrowser }"), yes);
    assert_eq!(evaluate(r#"match if { input.attrs.k == "v" }"#), yes);
    assert_eq!(evaluate(r#"match := "yes""#), Outcome::Other("string"));
    assert!(matches!(evaluate("match if { to_number(input.ctx.user.metadata.name) > 1 }"), Outcome::Error(_)));
    assert_eq!(evaluate("match if { print(input.nothing); 1 == 1 }"), yes);
    assert_eq!(evaluate("other := 1"), Outcome::Undefined);
}

#[test]
fn refusals_have_a_place() {
    let refused = |body: &str| compile(body).err().unwrap();
    let problem = refused("match if {\n  walk(input)\n}");
    assert_eq!((problem.line, problem.column), (3, 3), "{problem:?}");
    assert!(problem.message.contains("walk"));
    assert!(refused("match { 2 > 1 }").line == 2);
    for body in [r#"match if { trace ("x") }"#, r#"match if { uuid.parse ("x") }"#, r#"match if { http["send"]({}) }"#] {
        assert_eq!(refused(body).line, 2, "{body}");
    }
    assert!(refused("match if { http.send({}) }").message.contains("http.send"));
    assert!(Program::compile(b"  \n", Entry::Condition).is_err());
    assert!(Program::compile(&[b' '; 20_001], Entry::Condition).is_err());
}

#[test]
fn another_package_is_never_defined() {
    let program = Program::compile(b"package foo\nmatch := true", Entry::Condition).unwrap();
    assert_eq!(program.evaluate(with_members(&[]), limits()), Outcome::Undefined);
}

#[test]
fn with_replaces_input() {
    let body = "match if { f with input.ctx as 3 }\nf if input.ctx == 3";
    assert_eq!(evaluate(body), Outcome::Bool(true));
}

#[test]
fn documents() {
    assert!(read_document(b"").is_none());
    assert!(read_document(b"{").is_none());
    assert!(read_document(b"n").is_some());
    assert!(read_document(&[b'['; 1000]).is_none());
}

#[test]
fn a_limit_met_within_a_function_is_a_limit() {
    let body = "match if f(100000)\nf(n) if { some i in numbers.range(1, n); some j in numbers.range(1, n); i + j < 0 }";
    let few = Limits { time: Duration::from_millis(20), memory: 256 << 20 };
    assert_eq!(compile(body).unwrap().evaluate(with_members(&[]), few), Outcome::OutOfTime);
}

#[test]
fn a_rule_with_a_builtins_name_does_not_lift_its_bounds() {
    let body = "numbers.range := 1\nmatch if { count(numbers.range(1, 30000000)) > 0 }";
    if let Ok(program) = compile(body) {
        assert_ne!(program.evaluate(with_members(&[]), limits()), Outcome::Bool(true));
    }
    let own = "startswith(a, b) := true if a == b\nmatch if { startswith(1, 1) }";
    assert_eq!(evaluate(own), Outcome::Bool(true));
}
