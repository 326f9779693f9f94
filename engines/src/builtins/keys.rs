//! Keys as tokens and certificates have them, and signatures under them.

use anyhow::{Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use serde_json::Value as Json;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha384 => Sha384::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn pkcs1(self) -> Pkcs1v15Sign {
        match self {
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }

    fn pss(self) -> Pss {
        match self {
            Hash::Sha256 => Pss::new::<Sha256>(),
            Hash::Sha384 => Pss::new::<Sha384>(),
            Hash::Sha512 => Pss::new::<Sha512>(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Hs,
    Rs,
    Ps,
    Es,
}

/// Of a token's header: "RS256".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    pub family: Family,
    pub hash: Hash,
}

impl Algorithm {
    pub fn named(name: &str) -> Option<Algorithm> {
        let (family, size) = name.split_at_checked(2)?;
        Some(Algorithm {
            family: match family {
                "HS" => Family::Hs,
                "RS" => Family::Rs,
                "PS" => Family::Ps,
                "ES" => Family::Es,
                _ => return None,
            },
            hash: match size {
                "256" => Hash::Sha256,
                "384" => Hash::Sha384,
                "512" => Hash::Sha512,
                _ => return None,
            },
        })
    }
}

pub enum Verifier {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

fn elliptic(curve: &str, point: &[u8]) -> Result<Verifier> {
    let bad = |_| anyhow!("the point is not on the curve");
    Ok(match curve {
        "P-256" | "1.2.840.10045.3.1.7" => {
            Verifier::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad)?)
        }
        "P-384" | "1.3.132.0.34" => {
            Verifier::P384(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad)?)
        }
        "P-521" | "1.3.132.0.35" => {
            Verifier::P521(p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(bad)?)
        }
        _ => bail!("the curve {curve} is not supported"),
    })
}

fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Result<Verifier> {
    let key = RsaPublicKey::new(BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent))?;
    Ok(Verifier::Rsa(key))
}

impl Verifier {
    pub fn of_info(info: &SubjectPublicKeyInfo) -> Result<Verifier> {
        match info.parsed().map_err(|error| anyhow!("the public key cannot be read: {error}"))? {
            PublicKey::RSA(key) => rsa_key(key.modulus, key.exponent),
            PublicKey::EC(point) => {
                let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
                let curve = curve.ok_or_else(|| anyhow!("the key names no curve"))?;
                elliptic(&curve.to_id_string(), point.data())
            }
            _ => bail!("only RSA and elliptic curve keys are supported"),
        }
    }

    fn of_pem(pem: &Pem) -> Result<Verifier> {
        let unreadable = |what: &str| anyhow!("the {what} cannot be read");
        match pem.label.as_str() {
            "CERTIFICATE" => {
                let (_, certificate) =
                    X509Certificate::from_der(&pem.contents).map_err(|_| unreadable("certificate"))?;
                Verifier::of_info(certificate.public_key())
            }
            "PUBLIC KEY" => {
                let (_, info) = SubjectPublicKeyInfo::from_der(&pem.contents)
                    .map_err(|_| unreadable("public key"))?;
                Verifier::of_info(&info)
            }
            "RSA PUBLIC KEY" => {
                use rsa::pkcs1::DecodeRsaPublicKey;
                let key = RsaPublicKey::from_pkcs1_der(&pem.contents)
                    .map_err(|_| unreadable("public key"))?;
                Ok(Verifier::Rsa(key))
            }
            label => bail!("a block of \"{label}\" is no key"),
        }
    }

    fn of_jwk(key: &Json) -> Result<Verifier> {
        let part = |name: &str| part_of(key, name);
        match key["kty"].as_str() {
            Some("RSA") => rsa_key(&part("n")?, &part("e")?),
            Some("EC") => {
                let point = [vec![4], part("x")?, part("y")?].concat();
                elliptic(key["crv"].as_str().unwrap_or_default(), &point)
            }
            _ => bail!("a JWK of this type is not supported"),
        }
    }

    /// As tokens have it; each curve goes with one hash (RFC 7518 §3.4).
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let digest = algorithm.hash.of(message);
        match (self, algorithm.family) {
            (Verifier::Rsa(key), Family::Rs) => key.verify(algorithm.hash.pkcs1(), &digest, signature).is_ok(),
            (Verifier::Rsa(key), Family::Ps) => key.verify(algorithm.hash.pss(), &digest, signature).is_ok(),
            (Verifier::P256(key), Family::Es) if algorithm.hash == Hash::Sha256 => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            (Verifier::P384(key), Family::Es) if algorithm.hash == Hash::Sha384 => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            (Verifier::P521(key), Family::Es) if algorithm.hash == Hash::Sha512 => p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            _ => false,
        }
    }

    /// As certificates have it: elliptic curve signatures in DER.
    pub fn verifies_certificate(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let digest = algorithm.hash.of(message);
        match (self, algorithm.family) {
            (Verifier::P256(key), Family::Es) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            (Verifier::P384(key), Family::Es) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            (Verifier::P521(key), Family::Es) => p521::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()),
            _ => self.verifies(algorithm, message, signature),
        }
    }
}

fn part_of(key: &Json, name: &str) -> Result<Vec<u8>> {
    let text = key[name].as_str().ok_or_else(|| anyhow!("the JWK has no \"{name}\""))?;
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| anyhow!("\"{name}\" of the JWK is not base64url"))
}

/// The keys in a PEM text, a JWK or a JWK set; of a set only those with the name `kid`, if any has
/// it. Those that cannot be read are an error.
pub fn verifiers(text: &str, kid: Option<&str>) -> Result<Vec<Verifier>> {
    if text.trim_start().starts_with('{') {
        let document: Json = serde_json::from_str(text).map_err(|_| anyhow!("the key is not JSON"))?;
        let Some(keys) = document["keys"].as_array() else {
            return Ok(vec![Verifier::of_jwk(&document)?]);
        };
        let named: Vec<&Json> =
            keys.iter().filter(|key| kid.is_some() && key["kid"].as_str() == kid).collect();
        let chosen = if named.is_empty() { keys.iter().collect() } else { named };
        return chosen.into_iter().take(32).map(Verifier::of_jwk).collect();
    }
    let mut found = Vec::new();
    for pem in Pem::iter_from_buffer(text.as_bytes()).take(32) {
        found.push(Verifier::of_pem(&pem.map_err(|_| anyhow!("the PEM cannot be read"))?)?);
    }
    if found.is_empty() {
        bail!("a key in PEM or as JWK is needed");
    }
    Ok(found)
}

pub fn message_code(hash: Hash, secret: &[u8], message: &[u8]) -> Result<Vec<u8>> {
    fn code<M: Mac + hmac::digest::KeyInit>(secret: &[u8], message: &[u8]) -> Result<Vec<u8>> {
        let mut mac = <M as Mac>::new_from_slice(secret)?;
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
    match hash {
        Hash::Sha256 => code::<Hmac<Sha256>>(secret, message),
        Hash::Sha384 => code::<Hmac<Sha384>>(secret, message),
        Hash::Sha512 => code::<Hmac<Sha512>>(secret, message),
    }
}

/// A signature by the private key of a JWK.
pub fn sign(algorithm: Algorithm, key: &Json, message: &[u8]) -> Result<Vec<u8>> {
    let part = |name: &str| part_of(key, name);
    let number = |name: &str| Ok::<_, anyhow::Error>(BigUint::from_bytes_be(&part(name)?));
    let digest = algorithm.hash.of(message);
    let kind = key["kty"].as_str().unwrap_or_default();
    match (algorithm.family, kind) {
        (Family::Hs, "oct") => message_code(algorithm.hash, &part("k")?, message),
        (Family::Rs | Family::Ps, "RSA") => {
            let primes = vec![number("p")?, number("q")?];
            let key = RsaPrivateKey::from_components(number("n")?, number("e")?, number("d")?, primes)?;
            let random = &mut rand_core::OsRng;
            Ok(match algorithm.family {
                Family::Rs => key.sign_with_rng(random, algorithm.hash.pkcs1(), &digest)?,
                _ => key.sign_with_rng(random, algorithm.hash.pss(), &digest)?,
            })
        }
        (Family::Es, "EC") => {
            let scalar = part("d")?;
            let bad = |_| anyhow!("the private key does not fit its curve");
            Ok(match (key["crv"].as_str().unwrap_or_default(), algorithm.hash) {
                ("P-256", Hash::Sha256) => {
                    let key = p256::ecdsa::SigningKey::from_slice(&scalar).map_err(bad)?;
                    let signature: p256::ecdsa::Signature = key.sign_prehash(&digest)?;
                    signature.to_vec()
                }
                ("P-384", Hash::Sha384) => {
                    let key = p384::ecdsa::SigningKey::from_slice(&scalar).map_err(bad)?;
                    let signature: p384::ecdsa::Signature = key.sign_prehash(&digest)?;
                    signature.to_vec()
                }
                ("P-521", Hash::Sha512) => {
                    let key = p521::ecdsa::SigningKey::from_slice(&scalar).map_err(bad)?;
                    let signature: p521::ecdsa::Signature = key.sign_prehash(&digest)?;
                    signature.to_vec()
                }
                _ => bail!("the key's curve does not fit the algorithm"),
            })
        }
        _ => bail!("the key's type does not fit the algorithm"),
    }
}
