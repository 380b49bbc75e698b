//! Tokens that are refused, one for each rule.

use ring::hmac;
use serde_json::{Value, json};

use super::tokens::{SigningKey, encode_part};
use super::{ISSUER, bearer_of, start_server, valid_claims, write_keys};
use crate::support::Place;

/// A case: its name, a part of the detail, and the token.
type Case = (&'static str, &'static str, String);

/// Returns the claims with one changed, or left out.
fn with_claim(claims: &Value, name: &str, value: &Value) -> Value {
    let mut changed = claims.clone();
    changed[name] = value.clone();
    if value.is_null() {
        changed.as_object_mut().expect("claims").remove(name);
    }
    changed
}

/// Tokens whose signature is not that of the issuer's key.
fn bad_signatures(rsa: &SigningKey, claims: &Value) -> Vec<Case> {
    let token = rsa.issue(&json!({ "alg": "RS256", "kid": "r" }), claims);
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (head, body) = signed.split_once('.').expect("three parts");
    let admin = encode_part(with_claim(claims, "scope", &json!("atocore:admin")).to_string());
    let stranger = SigningKey::p256("p");
    let by_stranger = |header: Value| stranger.issue(&header, claims);
    let headed = |algorithm: &str, key: &str| {
        format!("{}.{body}", encode_part(json!({ "alg": algorithm, "kid": key }).to_string()))
    };
    // The public key of the issuer as the secret of a symmetric algorithm.
    let public = rsa.public();
    let secret = public["n"].as_str().expect("a number").as_bytes();
    let symmetric = |key: &str, secret: &[u8]| {
        let signed = headed("HS256", key);
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", encode_part(code))
    };
    vec![
        ("none", "cannot be read", format!("{}.", headed("none", "r"))),
        ("None", "cannot be read", format!("{}.", headed("None", "r"))),
        ("no signature", "signature", format!("{}.", headed("RS256", "r"))),
        ("symmetric, by the public key", "no key", symmetric("r", secret)),
        ("symmetric, by a secret of the set", "no key", symmetric("s", b"secret")),
        ("changed claims", "signature", format!("{head}.{admin}.{signature}")),
        ("another key", "signature", by_stranger(json!({ "alg": "ES256", "kid": "p" }))),
        ("another key, not named", "signature", by_stranger(json!({ "alg": "ES256" }))),
        ("PKCS 1 as PSS", "signature", format!("{}.{signature}", headed("PS256", "r"))),
    ]
}

/// Tokens with another form, or of a key that is not for them.
fn bad_headers(rsa: &SigningKey, claims: &Value) -> Vec<Case> {
    let of = |header: Value| rsa.issue(&header, claims);
    let token = of(json!({ "alg": "RS256", "kid": "r" }));
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    let critical = json!({ "alg": "RS256", "kid": "r", "crit": ["x"], "x": 1 });
    let list = rsa.issue(&json!({ "alg": "RS256", "kid": "r" }), &json!([1]));
    vec![
        ("algorithm of another key", "no key", of(json!({ "alg": "RS256", "kid": "p" }))),
        ("unknown key", "no key", of(json!({ "alg": "RS256", "kid": "gone" }))),
        ("key for encryption", "no key", of(json!({ "alg": "RS256", "kid": "enc" }))),
        ("key of one algorithm", "no key", of(json!({ "alg": "RS256", "kid": "only512" }))),
        ("critical extension", "cannot be read", of(critical)),
        ("two parts", "cannot be read", signed.to_owned()),
        ("four parts", "cannot be read", format!("{token}.x")),
        ("no JSON", "cannot be read", "a.b.c".to_owned()),
        ("claims that are a list", "cannot be read", list),
    ]
}

/// Tokens with a valid signature and a claim that is wrong.
fn bad_claims(key: &SigningKey, claims: &Value) -> Vec<Case> {
    let now = jsonwebtoken::get_current_timestamp();
    let of = |name: &str, value: Value| {
        bearer_of(key, &with_claim(claims, name, &value)).trim_start_matches("Bearer ").to_owned()
    };
    vec![
        ("another issuer", "another issuer", of("iss", json!("https://login.example.org"))),
        ("issuer with a slash", "another issuer", of("iss", json!(format!("{ISSUER}/")))),
        ("no issuer", "lacks iss", of("iss", Value::Null)),
        ("another audience", "another server", of("aud", json!("https://atocore.example.com/mcp"))),
        ("audiences of others", "another server", of("aud", json!(["a", "b"]))),
        ("part of the audience", "another server", of("aud", json!("http://127.0.0.1"))),
        ("no audience", "lacks iss", of("aud", Value::Null)),
        ("expired", "expired", of("exp", json!(now - 100))),
        ("expiry of no time", "lacks iss", of("exp", json!("tomorrow"))),
        ("no expiry", "lacks iss", of("exp", Value::Null)),
        ("not yet valid", "not valid yet", of("nbf", json!(now + 200))),
        ("no subject", "names nobody", of("sub", Value::Null)),
        ("blank subject", "names nobody", of("sub", json!(" "))),
        ("subject that is a number", "names nobody", of("sub", json!(17))),
        ("subject with a line feed", "names nobody", of("sub", json!("ada\nbob"))),
        ("subject with a hidden character", "names nobody", of("sub", json!("ada\u{202e}"))),
        ("long subject", "names nobody", of("sub", json!("a".repeat(256)))),
        ("huge token", "more than 16384 bytes", of("more", json!("x".repeat(20_000)))),
    ]
}

#[test]
fn each_token_that_breaks_a_rule_is_refused() {
    let place = Place::new();
    let (rsa, p256) = (SigningKey::rsa("r"), SigningKey::p256("p"));
    let (mut encryption, mut only) =
        (SigningKey::rsa("enc").public(), SigningKey::rsa("only512").public());
    encryption["use"] = json!("enc");
    only["alg"] = json!("RS512");
    let secret = json!({ "kty": "oct", "kid": "s", "k": encode_part("secret") });
    let keys = [rsa.public(), p256.public(), encryption, only, secret];
    let server = start_server(&place, &keys, &[]);
    let claims = valid_claims(&server, "atocore:read");
    let send = |token: &str| server.get("/mcp", &[("Authorization", &format!("Bearer {token}"))]);
    for key in [&rsa, &p256] {
        let valid = server.get("/v1/entities", &[("Authorization", &bearer_of(key, &claims))]);
        assert_eq!(valid.status, 200, "{valid:?}");
    }
    let cases =
        [bad_signatures(&rsa, &claims), bad_headers(&rsa, &claims), bad_claims(&p256, &claims)];
    for (name, detail, token) in cases.into_iter().flatten() {
        let refused = send(&token);
        assert_eq!(refused.status, 401, "{name}: {refused:?}");
        let said = refused.json();
        assert!(said["detail"].as_str().expect("a text").contains(detail), "{name}: {said}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{name}: {challenge}");
    }
    for scope in ["", "atocore", "atocore:", "atocore:reads", "Atocore:read", "openid read"] {
        let without = bearer_of(&p256, &with_claim(&claims, "scope", &json!(scope)));
        let refused = server.get("/mcp", &[("Authorization", &without)]);
        assert_eq!(refused.status, 403, "{scope:?}: {refused:?}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    }
}

#[test]
fn the_clock_of_the_issuer_may_differ_by_a_minute() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let server = start_server(&place, &[key.public()], &[]);
    let now = jsonwebtoken::get_current_timestamp();
    let mut claims = valid_claims(&server, "atocore:read");
    claims["exp"] = json!(now - 30);
    claims["nbf"] = json!(now + 30);
    let token = bearer_of(&key, &claims);
    assert_eq!(server.get("/v1/entities", &[("Authorization", &token)]).status, 200);
}

#[test]
fn an_email_address_that_was_not_verified_is_no_actor() {
    let place = Place::new();
    let key = SigningKey::p256("p");
    let server = start_server(&place, &[key.public()], &["--oauth-actor-claim", "email"]);
    let mut claims = valid_claims(&server, "atocore:read");
    claims["email"] = json!("ada@example.org");
    for (verified, status) in [(true, 200), (false, 401)] {
        claims["email_verified"] = json!(verified);
        let token = bearer_of(&key, &claims);
        let answer = server.get("/v1/entities", &[("Authorization", &token)]);
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[test]
fn bad_options_are_refused_at_the_start() {
    let place = Place::new();
    let good = write_keys(&place, &[SigningKey::p256("p").public()]);
    let good = good.to_str().expect("a path").to_owned();
    let file = |name: &str, text: &str| {
        let path = place.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let secrets = r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "new"}]}"#;
    let (text, secrets) = (file("text", "-----BEGIN"), file("secrets", secrets));
    let cases: [(&[&str], &str); 9] = [
        (&["--oauth-issuer", ISSUER], "--oauth-fetch-keys"),
        (&["--oauth-issuer", "http://login.example.org", "--oauth-keys", &good], "no https://"),
        (&["--oauth-issuer", "login.example.org", "--oauth-keys", &good], "no https://"),
        (&["--oauth-issuer", "https://a.example/?x=1", "--oauth-keys", &good], "a query"),
        (&["--oauth-issuer", ISSUER, "--oauth-keys", "/nowhere"], "jwks_uri"),
        (&["--oauth-issuer", ISSUER, "--oauth-keys", &text], "no JSON Web Key Set"),
        (&["--oauth-issuer", ISSUER, "--oauth-keys", &secrets], "none of its keys"),
        (&["--oauth-keys", &good], "--oauth-issuer"),
        (
            &["--oauth-issuer", ISSUER, "--oauth-keys", &good, "--oauth-fetch-keys"],
            "cannot be used",
        ),
    ];
    for (arguments, expected) in cases {
        let output = place.run(1, &[&["web", "--listen", "127.0.0.1:0"], arguments].concat());
        assert!(!output.status.success(), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
