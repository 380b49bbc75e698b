//! Keys that sign JSON Web Tokens of any form.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value, json};

/// A private key with the name that its tokens give it.
pub struct SigningKey {
    pub id: String,
    pair: PrivateKey,
}

enum PrivateKey {
    Rsa(RsaKeyPair),
    Curve(EcdsaKeyPair, &'static str),
    Edwards(Ed25519KeyPair),
}

pub fn encode_part(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl SigningKey {
    /// A fixed key, since making one takes seconds.
    pub fn rsa(id: &str) -> Self {
        let bytes = include_bytes!("../../fixtures/oauth_rsa.pk8");
        let pair = RsaKeyPair::from_pkcs8(bytes).expect("a key");
        Self { id: id.to_owned(), pair: PrivateKey::Rsa(pair) }
    }

    pub fn p256(id: &str) -> Self {
        Self::curve(id, &ECDSA_P256_SHA256_FIXED_SIGNING, "ES256")
    }

    pub fn p384(id: &str) -> Self {
        Self::curve(id, &ECDSA_P384_SHA384_FIXED_SIGNING, "ES384")
    }

    fn curve(id: &str, curve: &'static EcdsaSigningAlgorithm, name: &'static str) -> Self {
        let random = SystemRandom::new();
        let bytes = EcdsaKeyPair::generate_pkcs8(curve, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(curve, bytes.as_ref(), &random).expect("a key");
        Self { id: id.to_owned(), pair: PrivateKey::Curve(pair, name) }
    }

    pub fn ed25519(id: &str) -> Self {
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8(bytes.as_ref()).expect("a key");
        Self { id: id.to_owned(), pair: PrivateKey::Edwards(pair) }
    }

    pub fn algorithm(&self) -> &'static str {
        match &self.pair {
            PrivateKey::Rsa(_) => "RS256",
            PrivateKey::Curve(_, name) => name,
            PrivateKey::Edwards(_) => "EdDSA",
        }
    }

    /// Returns the public key as a JSON Web Key.
    pub fn public(&self) -> Value {
        let mut key = match &self.pair {
            PrivateKey::Rsa(pair) => {
                let PublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({ "kty": "RSA", "n": encode_part(n), "e": encode_part(e) })
            }
            PrivateKey::Curve(pair, name) => {
                let curve = if *name == "ES256" { "P-256" } else { "P-384" };
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                json!({ "kty": "EC", "crv": curve, "x": encode_part(x), "y": encode_part(y) })
            }
            PrivateKey::Edwards(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode_part(pair.public_key()) })
            }
        };
        key["kid"] = json!(self.id);
        key["use"] = json!("sig");
        key
    }

    /// Returns a token with any header and claims, signed by the algorithm of the header if the key has
    /// it, else by its own.
    pub fn issue(&self, header: &Value, claims: &Value) -> String {
        let signed =
            format!("{}.{}", encode_part(header.to_string()), encode_part(claims.to_string()));
        let signature = self.sign(header["alg"].as_str().unwrap_or_default(), signed.as_bytes());
        format!("{signed}.{}", encode_part(signature))
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            PrivateKey::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let encoding: &dyn RsaEncoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                pair.sign(encoding, &random, message, &mut signature).expect("a signature");
                signature
            }
            PrivateKey::Curve(pair, _) => {
                pair.sign(&random, message).expect("a signature").as_ref().to_vec()
            }
            PrivateKey::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}
