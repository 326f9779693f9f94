//! Signatures and certificates that others made (Node.js and OpenSSL): tests/data.

use engines::{Entry, Limits, Outcome, Program, with_members};
use serde_json::Value as Json;
use std::time::Duration;

const TOKENS: &str = include_str!("data/tokens.json");
const ROOT: &str = include_str!("data/root.pem");
const MIDDLE: &str = include_str!("data/mid.pem");
const LEAF: &str = include_str!("data/leaf.pem");

fn holds(expression: &str) {
    let script = format!("package octelium.condition\nmatch if {{\n{expression}\n}}\n");
    let program = Program::compile(script.as_bytes(), Entry::Condition).unwrap_or_else(|error| panic!("{script}: {error:?}"));
    let limits = Limits { time: Duration::from_secs(20), memory: 64 << 20 };
    assert_eq!(program.evaluate(with_members(&[]), limits), Outcome::Bool(true), "{expression}");
}

#[test]
fn tokens_that_others_signed() {
    let all: Vec<Json> = serde_json::from_str(TOKENS).unwrap();
    assert_eq!(all.len(), 9);
    for one in &all {
        let name = one["alg"].as_str().unwrap();
        let verify = format!("io.jwt.verify_{}", name.to_lowercase());
        let token = &one["token"];
        for key in [&one["pem"], &one["jwk"]] {
            holds(&format!("{verify}({token}, {key})"));
            holds(&format!("[ok, _, payload] := io.jwt.decode_verify({token}, {{\"cert\": {key}, \"alg\": \"{name}\"}}); ok; payload.sub == \"alice\""));
            // The payload of another token under this signature.
            holds(&format!(
                "parts := split({token}, \".\"); not {verify}(concat(\".\", [parts[0], base64url.encode_no_pad(`{{\"sub\":\"eve\"}}`), parts[2]]), {key})"
            ));
        }
        for other in &all {
            if other["alg"] != one["alg"] {
                let verify = format!("io.jwt.verify_{}", other["alg"].as_str().unwrap().to_lowercase());
                holds(&format!("not {verify}({token}, {})", one["jwk"]));
            }
        }
        if one["private"].is_object() {
            let signed = format!("token := io.jwt.encode_sign({{\"alg\": \"{name}\"}}, {{\"a\": 1}}, {})", one["private"]);
            holds(&format!("{signed}; {verify}(token, {})", one["pem"]));
        }
    }
}

fn text(parts: &[&str]) -> String {
    serde_json::to_string(&parts.concat()).unwrap()
}

#[test]
fn certificates_are_read() {
    let leaf = text(&[LEAF]);
    holds(&format!(
        r#"[leaf] := crypto.x509.parse_certificates({leaf})
        leaf.Subject.CommonName == "leaf.example.com"
        leaf.Subject.Organization == ["Test"]
        leaf.Issuer.CommonName == "Middle"
        leaf.DNSNames == ["leaf.example.com", "www.example.com"]
        leaf.IPAddresses == ["10.0.0.1"]
        leaf.EmailAddresses == ["a@example.com"]
        leaf.URIStrings == ["https://example.com/"]
        leaf.SerialNumber == 4711
        leaf.NotBefore == "2026-11-28T05:43:37Z" # as OpenSSL reads it
        leaf.NotAfter == "2126-11-04T05:43:37Z"
        not leaf.IsCA"#
    ));
    holds(&format!("count(crypto.x509.parse_certificates({})) == 3", text(&[ROOT, MIDDLE, LEAF])));
    holds(&format!("[root] := crypto.x509.parse_certificates({}); root.IsCA; root.Subject.Country == [\"DE\"]", text(&[ROOT])));
}

#[test]
fn chains_are_verified() {
    let verdict = |parts: &[&str], wanted: &str| {
        holds(&format!("[ok, chain] := crypto.x509.parse_and_verify_certificates({}); {wanted}", text(parts)));
    };
    verdict(&[ROOT, MIDDLE, LEAF], "ok; chain[0].Subject.CommonName == \"leaf.example.com\"; count(chain) == 3");
    // Who is first is trusted, whoever issued it.
    verdict(&[MIDDLE, ROOT, LEAF], "ok; count(chain) == 2");
    for parts in [&[ROOT, LEAF][..], &[LEAF], &[LEAF, MIDDLE], &[ROOT, MIDDLE, &LEAF.replace('A', "B")]] {
        verdict(parts, "not ok; chain == []");
    }
}

#[test]
fn globs_with_a_text_in_common() {
    for (a, b) in [("a.*", "ab.*"), ("[0-9]+", "7"), ("x*", "x+"), ("a\\.b", "a.b"), ("[a-z]+\\.com", "example.com"), ("(a)", "(a)"), (".", "\\\\")] {
        holds(&format!("regex.globs_match({}, {})", text(&[a]), text(&[b])));
    }
    for (a, b) in [("a.*", "b.*"), ("[0-9]+", "x"), ("a*", "b*"), ("a\\.b", "axb"), ("a+", "a?"), ("a|b", "a")] {
        holds(&format!("not regex.globs_match({}, {})", text(&[a]), text(&[b])));
    }
    let many = ".*[a-z].................".repeat(8);
    let script = format!("package octelium.condition\nmatch if regex.globs_match({}, {})\n", text(&[&many]), text(&["a+"]));
    let program = Program::compile(script.as_bytes(), Entry::Condition).unwrap();
    let limits = Limits { time: Duration::from_secs(2), memory: 32 << 20 };
    assert!(matches!(program.evaluate(with_members(&[]), limits), Outcome::Error(_) | Outcome::OutOfTime | Outcome::OutOfMemory));
}
