//! JSON Web Tokens, without network.

use anyhow::{Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regorus::Value;
use subtle::ConstantTimeEq;

use super::crypto::hex;
use super::keys::{self, Algorithm, Family, Hash};
use super::{Builtin, text};
use crate::limits::afford;
use crate::weight::{afford_json_numbers, afford_text};

macro_rules! verify {
    ($name:literal, $family:ident, $hash:ident) => {
        Builtin {
            name: $name,
            arity: 2,
            run: |arguments| verify(arguments, Algorithm { family: Family::$family, hash: Hash::$hash }),
        }
    };
}

pub const BUILTINS: &[Builtin] = &[
    Builtin { name: "io.jwt.decode", arity: 1, run: decode },
    Builtin { name: "io.jwt.decode_verify", arity: 2, run: decode_verify },
    Builtin { name: "io.jwt.encode_sign", arity: 3, run: encode_sign },
    Builtin { name: "io.jwt.encode_sign_raw", arity: 3, run: encode_sign_raw },
    verify!("io.jwt.verify_es256", Es, Sha256),
    verify!("io.jwt.verify_es384", Es, Sha384),
    verify!("io.jwt.verify_es512", Es, Sha512),
    verify!("io.jwt.verify_hs256", Hs, Sha256),
    verify!("io.jwt.verify_hs384", Hs, Sha384),
    verify!("io.jwt.verify_hs512", Hs, Sha512),
    verify!("io.jwt.verify_ps256", Ps, Sha256),
    verify!("io.jwt.verify_ps384", Ps, Sha384),
    verify!("io.jwt.verify_ps512", Ps, Sha512),
    verify!("io.jwt.verify_rs256", Rs, Sha256),
    verify!("io.jwt.verify_rs384", Rs, Sha384),
    verify!("io.jwt.verify_rs512", Rs, Sha512),
];

struct Token<'a> {
    signed: &'a str, // header and payload as they came
    header: Value,
    payload_text: &'a str,
    signature: Vec<u8>,
}

fn part(text: &str, what: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| anyhow!("the {what} is not base64url"))
}

fn object(text: &str, what: &str) -> Result<Value> {
    let bytes = part(text, what)?;
    let json = std::str::from_utf8(&bytes).map_err(|_| anyhow!("the {what} is not UTF-8"))?;
    afford_json_numbers(json)?;
    match Value::from_json_str(json) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => bail!("the {what} is not a JSON object"),
    }
}

impl<'a> Token<'a> {
    fn parse(token: &'a str) -> Result<Token<'a>> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            bail!("a token has three parts, this one has {}", parts.len());
        };
        Ok(Token {
            signed: &token[..token.len() - signature.len() - 1],
            header: object(header, "header")?,
            payload_text: payload,
            signature: part(signature, "signature")?,
        })
    }

    fn payload(&self) -> Result<Value> {
        object(self.payload_text, "payload")
    }

    fn header_text(&self, name: &str) -> Option<&str> {
        match &self.header[name] {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    fn is_signed_by(&self, algorithm: Algorithm, key: &str) -> Result<bool> {
        let message = self.signed.as_bytes();
        if algorithm.family == Family::Hs {
            let code = keys::message_code(algorithm.hash, key.as_bytes(), message)?;
            return Ok(code.ct_eq(&self.signature).into());
        }
        let verifiers = keys::verifiers(key, self.header_text("kid"))?;
        afford(verifiers.len() as u64 * 200_000, 0)?;
        Ok(verifiers.iter().any(|key| key.verifies(algorithm, message, &self.signature)))
    }
}

fn decode(arguments: &[Value]) -> Result<Value> {
    let token = Token::parse(text(&arguments[0])?)?;
    let payload = token.payload()?;
    Ok(Value::from(vec![token.header, payload, Value::from(hex(&token.signature))]))
}

fn verify(arguments: &[Value], algorithm: Algorithm) -> Result<Value> {
    let token = Token::parse(text(&arguments[0])?)?;
    Ok(Value::Bool(token.is_signed_by(algorithm, text(&arguments[1])?)?))
}

#[derive(Default)]
struct Constraints<'a> {
    cert: Option<&'a str>,
    secret: Option<&'a str>,
    alg: Option<&'a str>,
    iss: Option<&'a str>,
    aud: Option<&'a str>,
    time: Option<f64>,
}

impl<'a> Constraints<'a> {
    fn of(value: &'a Value) -> Result<Constraints<'a>> {
        let mut out = Constraints::default();
        let members = value.as_object().map_err(|_| anyhow!("the constraints are no object"))?;
        for (name, value) in members.iter() {
            match text(name)? {
                "cert" => out.cert = Some(text(value)?),
                "secret" => out.secret = Some(text(value)?),
                "alg" => out.alg = Some(text(value)?),
                "iss" => out.iss = Some(text(value)?),
                "aud" => out.aud = Some(text(value)?),
                "time" => out.time = Some(value.as_f64().map_err(|_| anyhow!("\"time\" is no number"))?),
                name => bail!("there is no constraint \"{name}\""),
            }
        }
        if out.cert.is_some() == out.secret.is_some() {
            bail!("one of the constraints \"cert\" and \"secret\" is needed");
        }
        Ok(out)
    }
}

fn now_ns() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0.0, |since| since.as_secs_f64() * 1e9)
}

fn decode_verify(arguments: &[Value]) -> Result<Value> {
    let constraints = Constraints::of(&arguments[1])?;
    let refused = || Value::from(vec![Value::Bool(false), Value::new_object(), Value::new_object()]);
    let Ok(token) = Token::parse(text(&arguments[0])?) else { return Ok(refused()) };
    let Some(algorithm) = acceptable(&token, &constraints) else { return Ok(refused()) };
    let key = constraints.cert.or(constraints.secret).unwrap_or_default();
    if !token.is_signed_by(algorithm, key)? {
        return Ok(refused());
    }
    let payload = token.payload()?;
    if !claims_hold(&payload, &constraints) {
        return Ok(refused());
    }
    Ok(Value::from(vec![Value::Bool(true), token.header, payload]))
}

/// The token's algorithm, if the constraints leave it to be used: a secret is none for a public key
/// and the other way round.
fn acceptable(token: &Token, constraints: &Constraints) -> Option<Algorithm> {
    if token.header["crit"] != Value::Undefined {
        return None; // asks for what we do not know
    }
    let name = token.header_text("alg")?;
    if constraints.alg.is_some_and(|wanted| wanted != name) {
        return None;
    }
    let algorithm = Algorithm::named(name)?;
    ((algorithm.family == Family::Hs) == constraints.secret.is_some()).then_some(algorithm)
}

fn claims_hold(payload: &Value, constraints: &Constraints) -> bool {
    let now = constraints.time.unwrap_or_else(now_ns) / 1e9;
    let time = |name: &str| match &payload[name] {
        Value::Undefined => Some(None),
        value => value.as_f64().ok().map(Some),
    };
    let (Some(until), Some(from)) = (time("exp"), time("nbf")) else { return false };
    if until.is_some_and(|until| now >= until) || from.is_some_and(|from| now < from) {
        return false;
    }
    if constraints.iss.is_some_and(|wanted| payload["iss"] != Value::from(wanted)) {
        return false;
    }
    match (&payload["aud"], constraints.aud) {
        (Value::Undefined, None) => true,
        (Value::Array(all), Some(wanted)) => all.contains(&Value::from(wanted)),
        (audience, Some(wanted)) => *audience == Value::from(wanted),
        (_, None) => false,
    }
}

fn encode(header: &str, payload: &str, key: &str) -> Result<Value> {
    let head: serde_json::Value =
        serde_json::from_str(header).map_err(|_| anyhow!("the header is not JSON"))?;
    let name = head["alg"].as_str().ok_or_else(|| anyhow!("the header has no \"alg\""))?;
    let algorithm =
        Algorithm::named(name).ok_or_else(|| anyhow!("the algorithm \"{name}\" is not supported"))?;
    if head["typ"].as_str().is_none_or(|kind| kind == "JWT")
        && serde_json::from_str::<serde_json::Value>(payload).is_err()
    {
        bail!("the payload is not JSON");
    }
    let key: serde_json::Value = serde_json::from_str(key).map_err(|_| anyhow!("the key is not JSON"))?;
    afford(2_000_000, 0)?;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = keys::sign(algorithm, &key, signed.as_bytes())?;
    Ok(Value::from(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn encode_sign(arguments: &[Value]) -> Result<Value> {
    let json = |value: &Value| {
        afford_text(value, 0)?;
        serde_json::to_string(value).map_err(|error| anyhow!("{error}"))
    };
    encode(&json(&arguments[0])?, &json(&arguments[1])?, &json(&arguments[2])?)
}

fn encode_sign_raw(arguments: &[Value]) -> Result<Value> {
    encode(text(&arguments[0])?, text(&arguments[1])?, text(&arguments[2])?)
}
