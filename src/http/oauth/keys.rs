//! The public keys of an identity provider: a JSON Web Key Set (RFC 7517).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;

/// Maximum keys of a set; a token without a key's name is checked by each of them.
const MAX_KEYS: usize = 100;

/// The keys that sign tokens, each with its algorithms.
#[derive(Debug)]
pub struct KeySet(Vec<IssuerKey>);

#[derive(Debug)]
pub struct IssuerKey {
    id: Option<String>,
    pub algorithms: Vec<Algorithm>,
    pub key: DecodingKey,
}

#[derive(Deserialize)]
struct RawKeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// Parses a set. Keys for other uses, or of another kind, are left out; an error tells why none is
    /// left.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let set: RawKeySet = serde_json::from_slice(json)
            .map_err(|error| format!("it is no JSON Web Key Set: {error}"))?;
        if set.keys.len() > MAX_KEYS {
            return Err(format!("it has {} keys, over {MAX_KEYS}", set.keys.len()));
        }
        let keys: Vec<IssuerKey> = set.keys.into_iter().filter_map(read_key).collect();
        if keys.is_empty() {
            return Err("none of its keys verifies RSA, P-256, P-384 or Ed25519".to_owned());
        }
        Ok(Self(keys))
    }

    /// Returns the keys that may have signed a token with this header.
    pub fn find(&self, header: &Header) -> impl Iterator<Item = &IssuerKey> {
        let named =
            |key: &IssuerKey| key.id.is_none() || header.kid.is_none() || key.id == header.kid;
        self.0.iter().filter(move |key| named(key) && key.algorithms.contains(&header.alg))
    }
}

/// Returns a key that verifies signatures; secrets are none.
fn read_key(json: Value) -> Option<IssuerKey> {
    let jwk: Jwk = serde_json::from_value(json).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|one| *one != PublicKeyUse::Signature) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
        AlgorithmParameters::EllipticCurve(point) => match point.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(point) if point.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => return None,
    };
    if let Some(only) = jwk.common.key_algorithm {
        algorithms.retain(|algorithm| only == (*algorithm).into());
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(IssuerKey { id: jwk.common.key_id, algorithms, key })
        .filter(|key| !key.algorithms.is_empty())
}
