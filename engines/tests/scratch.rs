use engines::{Entry, Limits, Program, with_members};
use std::time::Duration;
#[test]
fn scratch() {
    for body in std::fs::read_to_string("/tmp/scratch.rego").unwrap().split("\n---\n") {
        let t0 = std::time::Instant::now();
        let ctx = regorus::Value::from_json_str(r#"{"user":{"spec":{"type":"HUMAN"},"metadata":{"name":"alice"}}}"#).unwrap();
        match Program::compile(format!("package octelium.eval\nimport rego.v1\n{body}\n").as_bytes(), Entry::Config) {
            Err(p) => println!("{body}\n   => {p:?}"),
            Ok(p) => { let t1=std::time::Instant::now();
                println!("{body}\n   => {:?}  reads {:?} compile {:?} eval {:?}", p.evaluate(with_members(&[("ctx",Some(&ctx))]), Limits{time:Duration::from_secs(2), memory:32<<20}), p.reads(), t1-t0, t1.elapsed()); }
        }
    }
}
