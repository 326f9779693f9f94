//! Networks.

use anyhow::{Result, anyhow};
use ipnet::IpNet;
use regorus::Value;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Builtin, text};
use crate::limits::afford;

pub const BUILTINS: &[Builtin] = &[
    Builtin { name: "net.cidr_contains_matches", arity: 2, run: contains_matches },
    Builtin { name: "net.cidr_intersects", arity: 2, run: intersects },
    Builtin { name: "net.cidr_merge", arity: 1, run: merge },
];

fn network(value: &Value) -> Result<IpNet> {
    let text = text(value)?;
    text.parse::<IpNet>().map(|net| net.trunc()).map_err(|_| anyhow!("\"{text}\" is no network"))
}

fn network_or_address(value: &Value) -> Result<IpNet> {
    let text = text(value)?;
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(IpNet::from(address)),
        Err(_) => network(value),
    }
}

fn contains(outer: &IpNet, inner: &IpNet) -> bool {
    outer.contains(inner)
}

fn intersects(arguments: &[Value]) -> Result<Value> {
    let (a, b) = (network(&arguments[0])?, network(&arguments[1])?);
    Ok(Value::Bool(contains(&a, &b) || contains(&b, &a)))
}

fn merge(arguments: &[Value]) -> Result<Value> {
    let given: Vec<&Value> = match &arguments[0] {
        Value::Array(items) => items.iter().collect(),
        Value::Set(items) => items.iter().collect(),
        _ => return Err(anyhow!("an array or a set is needed")),
    };
    afford(given.len() as u64 * 2000, given.len() as u64 * 100)?;
    let networks = given.into_iter().map(network_or_address).collect::<Result<Vec<_>>>()?;
    let merged: BTreeSet<Value> =
        IpNet::aggregate(&networks).iter().map(|net| Value::from(net.to_string())).collect();
    Ok(Value::from(merged))
}

/// The networks of an operand, each with what stands for it in the result.
fn named(operand: &Value, read: fn(&Value) -> Result<IpNet>) -> Result<Vec<(Value, IpNet)>> {
    // An element may be an array that begins with the network.
    let of = |value: &Value| match value {
        Value::Array(items) => read(items.first().ok_or_else(|| anyhow!("an empty array is no network"))?),
        _ => read(value),
    };
    match operand {
        Value::String(_) => Ok(vec![(operand.clone(), read(operand)?)]),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| Ok((Value::from(index), of(item)?))).collect()
        }
        Value::Set(items) => items.iter().map(|item| Ok((item.clone(), of(item)?))).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, item)| Ok((key.clone(), of(item)?))).collect()
        }
        _ => Err(anyhow!("a string, array, set or object is needed")),
    }
}

fn contains_matches(arguments: &[Value]) -> Result<Value> {
    let outer = named(&arguments[0], network)?;
    let inner = named(&arguments[1], network_or_address)?;
    afford((outer.len() as u64).saturating_mul(inner.len() as u64).saturating_mul(10), 0)?;
    let mut found = BTreeSet::new();
    for (name, net) in &outer {
        for (other, candidate) in &inner {
            if contains(net, candidate) {
                found.insert(Value::from(vec![name.clone(), other.clone()]));
                afford(0, found.len() as u64 * 64)?;
            }
        }
    }
    Ok(Value::from(found))
}
