//! Certificates, in the members that Go's x509.Certificate has as JSON.

use anyhow::{Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regorus::Value;
use serde_json::{Value as Json, json};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use super::keys::{Algorithm, Family, Hash, Verifier};
use super::{Builtin, text};
use crate::limits::afford;

const MAX_CERTIFICATES: usize = 10;

pub const BUILTINS: &[Builtin] = &[
    Builtin { name: "crypto.x509.parse_and_verify_certificates", arity: 1, run: parse_and_verify },
    Builtin { name: "crypto.x509.parse_certificates", arity: 1, run: parse },
];

/// The certificates of a PEM text, or of base64 over such a text or over DER.
fn ders(text: &str) -> Result<Vec<Vec<u8>>> {
    let decoded = if text.trim_start().starts_with("-----BEGIN") {
        text.as_bytes().to_vec()
    } else {
        STANDARD.decode(text.trim()).map_err(|_| anyhow!("neither PEM nor base64"))?
    };
    let mut found = Vec::new();
    if decoded.starts_with(b"-----BEGIN") {
        for pem in Pem::iter_from_buffer(&decoded) {
            let pem = pem.map_err(|_| anyhow!("the PEM cannot be read"))?;
            if pem.label != "CERTIFICATE" {
                bail!("a block of \"{}\" is no certificate", pem.label);
            }
            found.push(pem.contents);
        }
    } else {
        let mut rest = decoded.as_slice();
        while !rest.is_empty() {
            let (after, _) =
                X509Certificate::from_der(rest).map_err(|_| anyhow!("the certificate cannot be read"))?;
            found.push(rest[..rest.len() - after.len()].to_vec());
            rest = after;
        }
    }
    if found.is_empty() || found.len() > MAX_CERTIFICATES {
        bail!("1 to {MAX_CERTIFICATES} certificates are read");
    }
    Ok(found)
}

fn read(der: &[u8]) -> Result<X509Certificate<'_>> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|_| anyhow!("the certificate cannot be read"))?;
    Ok(certificate)
}

fn parse(arguments: &[Value]) -> Result<Value> {
    let text = text(&arguments[0])?;
    afford(text.len() as u64 * 20, text.len() as u64 * 8)?;
    let ders = ders(text)?;
    let all: Vec<Json> =
        ders.iter().map(|der| Ok(describe(&read(der)?, der))).collect::<Result<_>>()?;
    Ok(Value::from(Json::from(all)))
}

/// The first is trusted, the last is the one in question, those between lead from one to the other.
fn parse_and_verify(arguments: &[Value]) -> Result<Value> {
    let text = text(&arguments[0])?;
    afford(text.len() as u64 * 20 + 2_000_000, text.len() as u64 * 8)?;
    let refused = Value::from(json!([false, []]));
    let Ok(ders) = ders(text) else { return Ok(refused) };
    let all = ders.iter().map(|der| read(der)).collect::<Result<Vec<_>>>()?;
    if all.len() < 2 {
        return Ok(refused);
    }
    let Some(chain) = chain(&all) else { return Ok(refused) };
    let described: Vec<Json> = chain.iter().map(|&index| describe(&all[index], &ders[index])).collect();
    Ok(Value::from(json!([true, described])))
}

/// From the last to the first, by names and signatures; each is used once.
fn chain(all: &[X509Certificate]) -> Option<Vec<usize>> {
    if !all.iter().all(|certificate| certificate.validity().is_valid()) {
        return None;
    }
    let mut at = all.len() - 1;
    let mut chain = vec![at];
    while at != 0 {
        let next = (0..all.len() - 1).find(|candidate| {
            !chain.contains(candidate) && is_issued_by(&all[at], &all[*candidate], chain.len() - 1)
        })?;
        chain.push(next);
        at = next;
    }
    Some(chain)
}

/// `below`: how many authorities are between the issuer and the last certificate.
fn is_issued_by(subject: &X509Certificate, issuer: &X509Certificate, below: usize) -> bool {
    let Ok(Some(constraints)) = issuer.basic_constraints() else { return false };
    let room = constraints.value.path_len_constraint;
    let may_sign = !matches!(issuer.key_usage(), Ok(Some(usage)) if !usage.value.key_cert_sign());
    constraints.value.ca
        && may_sign
        && room.is_none_or(|room| below <= room as usize)
        && subject.issuer().as_raw() == issuer.subject().as_raw()
        && signature_holds(subject, issuer)
}

/// Go's number of a signature algorithm, and ours where it can be verified.
fn algorithm_of(certificate: &X509Certificate) -> (u32, Option<Algorithm>) {
    let of = |family, hash| Some(Algorithm { family, hash });
    match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.5" => (3, None),
        "1.2.840.113549.1.1.11" => (4, of(Family::Rs, Hash::Sha256)),
        "1.2.840.113549.1.1.12" => (5, of(Family::Rs, Hash::Sha384)),
        "1.2.840.113549.1.1.13" => (6, of(Family::Rs, Hash::Sha512)),
        "1.2.840.10045.4.1" => (9, None),
        "1.2.840.10045.4.3.2" => (10, of(Family::Es, Hash::Sha256)),
        "1.2.840.10045.4.3.3" => (11, of(Family::Es, Hash::Sha384)),
        "1.2.840.10045.4.3.4" => (12, of(Family::Es, Hash::Sha512)),
        "1.3.101.112" => (16, None),
        _ => (0, None),
    }
}

fn signature_holds(subject: &X509Certificate, issuer: &X509Certificate) -> bool {
    let (_, Some(algorithm)) = algorithm_of(subject) else { return false };
    Verifier::of_info(issuer.public_key()).is_ok_and(|key| {
        let signed = subject.tbs_certificate.as_ref();
        key.verifies_certificate(algorithm, signed, &subject.signature_value.data)
    })
}

fn name(name: &X509Name) -> Json {
    let all = |values: Vec<String>| if values.is_empty() { Json::Null } else { json!(values) };
    let of = |attributes: &mut dyn Iterator<Item = &x509_parser::x509::AttributeTypeAndValue>| {
        attributes.filter_map(|one| one.as_str().ok().map(str::to_string)).collect::<Vec<_>>()
    };
    json!({
        "CommonName": of(&mut name.iter_common_name()).first().cloned().unwrap_or_default(),
        "Country": all(of(&mut name.iter_country())),
        "Organization": all(of(&mut name.iter_organization())),
        "OrganizationalUnit": all(of(&mut name.iter_organizational_unit())),
        "Locality": all(of(&mut name.iter_locality())),
        "Province": all(of(&mut name.iter_state_or_province())),
        "SerialNumber": "",
    })
}

fn time(time: &x509_parser::time::ASN1Time) -> String {
    let at = time.to_datetime();
    let (hour, minute, second) = at.to_hms();
    format!("{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", at.year(), u8::from(at.month()), at.day())
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}

fn describe(certificate: &X509Certificate, der: &[u8]) -> Json {
    let (mut hosts, mut mails, mut addresses, mut uris) = (vec![], vec![], vec![], vec![]);
    if let Ok(Some(names)) = certificate.subject_alternative_name() {
        for one in &names.value.general_names {
            match one {
                GeneralName::DNSName(host) => hosts.push(*host),
                GeneralName::RFC822Name(mail) => mails.push(*mail),
                GeneralName::URI(uri) => uris.push(*uri),
                GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
                _ => {}
            }
        }
    }
    let constraints = certificate.basic_constraints().ok().flatten();
    let public_key = match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(_)) => 1,
        Ok(PublicKey::EC(_)) => 3,
        _ => 0,
    };
    let usage = certificate.key_usage().ok().flatten().map_or(0, |usage| usage.value.flags);
    json!({
        "Version": certificate.version().0 + 1,
        "SerialNumber": certificate.tbs_certificate.serial.to_string().parse::<u128>().map_or_else(
            |_| json!(certificate.tbs_certificate.serial.to_string()),
            |number| u64::try_from(number).map_or_else(|_| json!(number.to_string()), |small| json!(small))),
        "Subject": name(certificate.subject()),
        "Issuer": name(certificate.issuer()),
        "NotBefore": time(&certificate.validity().not_before),
        "NotAfter": time(&certificate.validity().not_after),
        "IsCA": constraints.as_ref().is_some_and(|one| one.value.ca),
        "BasicConstraintsValid": constraints.is_some(),
        "KeyUsage": usage,
        "SignatureAlgorithm": algorithm_of(certificate).0,
        "PublicKeyAlgorithm": public_key,
        "DNSNames": if hosts.is_empty() { Json::Null } else { json!(hosts) },
        "EmailAddresses": if mails.is_empty() { Json::Null } else { json!(mails) },
        "IPAddresses": if addresses.is_empty() { Json::Null } else { json!(addresses) },
        "URIStrings": if uris.is_empty() { Json::Null } else { json!(uris) },
        "Raw": STANDARD.encode(der),
    })
}
