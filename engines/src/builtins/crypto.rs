//! Digests and message authentication codes, in hexadecimal.

use anyhow::Result;
use hmac::{Hmac, Mac};
use md5::Md5;
use regorus::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::{Builtin, text};

pub const BUILTINS: &[Builtin] = &[
    Builtin { name: "crypto.hmac.equal", arity: 2, run: equal },
    Builtin { name: "crypto.hmac.md5", arity: 2, run: |arguments| code::<Hmac<Md5>>(arguments) },
    Builtin { name: "crypto.hmac.sha1", arity: 2, run: |arguments| code::<Hmac<Sha1>>(arguments) },
    Builtin { name: "crypto.hmac.sha256", arity: 2, run: |arguments| code::<Hmac<Sha256>>(arguments) },
    Builtin { name: "crypto.hmac.sha512", arity: 2, run: |arguments| code::<Hmac<Sha512>>(arguments) },
    Builtin { name: "crypto.md5", arity: 1, run: |arguments| digest::<Md5>(arguments) },
    Builtin { name: "crypto.sha1", arity: 1, run: |arguments| digest::<Sha1>(arguments) },
    Builtin { name: "crypto.sha256", arity: 1, run: |arguments| digest::<Sha256>(arguments) },
];

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}"); // a String takes everything
        out
    })
}

fn digest<D: Digest>(arguments: &[Value]) -> Result<Value> {
    Ok(Value::from(hex(&D::digest(text(&arguments[0])?))))
}

fn code<M: Mac + hmac::digest::KeyInit>(arguments: &[Value]) -> Result<Value> {
    let mut mac = <M as Mac>::new_from_slice(text(&arguments[1])?.as_bytes())?;
    mac.update(text(&arguments[0])?.as_bytes());
    Ok(Value::from(hex(&mac.finalize().into_bytes())))
}

/// In a time that does not tell where they differ.
fn equal(arguments: &[Value]) -> Result<Value> {
    let (a, b) = (text(&arguments[0])?.as_bytes(), text(&arguments[1])?.as_bytes());
    Ok(Value::Bool(a.ct_eq(b).into()))
}
