//! Tests of detected and undetected secrets, and that a message never repeats one.

use serde_json::json;

use super::shapes::SHAPES;
use super::*;

/// Returns characters that look random but are reproducible.
fn draw_characters(alphabet: &str, count: usize, seed: u64) -> String {
    let alphabet = alphabet.as_bytes();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(alphabet[(state >> 33) as usize % alphabet.len()])
    };
    (0..count).map(|_| draw()).collect()
}

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";

fn kind_of(text: &str) -> Option<&'static str> {
    find(text).map(|found| found.kind)
}

/// Makes a token with the prefix and its issuer's length.
fn make_token(prefix: &str, seed: u64) -> String {
    let body = |alphabet, count| prefix.to_owned() + &draw_characters(alphabet, count, seed);
    let count = match prefix {
        "shpat_" | "shpca_" | "shppa_" | "shpss_" | "dapi" | "key-" => return body(HEX, 32),
        "pul-" | "sbp_" => return body(HEX, 40),
        "rubygems_" => return body(HEX, 48),
        "sntryu_" | "atocore_" => return body(HEX, 64),
        "NRAK-" => return body(UPPER, 27),
        ":AA" => return draw_characters("123456789", 9, seed) + &body(LETTERS, 33),
        ".atlasv1." => return draw_characters(LETTERS, 14, seed + 1) + &body(LETTERS, 64),
        "7Q~" | "8Q~" => return draw_characters(LETTERS, 3, seed + 1) + &body(LETTERS, 34),
        "sig=" => return body(LETTERS, 43) + "%3D",
        "ATATT3" => return body(LETTERS, 180) + "=8A2F1C40",
        "cio" => 32,
        "AKIA" | "ASIA" | "ABIA" | "ACCA" => {
            return prefix.to_owned() + &draw_characters(UPPER, 16, seed);
        }
        "AIza" => 35,
        "eyJ" => {
            let part = |seed| draw_characters(LETTERS, 30, seed);
            return format!("eyJ{}.eyJ{}.{}", part(seed), part(seed + 7), part(seed + 9));
        }
        "-----BEGIN " => {
            let body = draw_characters(LETTERS, 64, seed);
            return format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
            );
        }
        "dop_v1_" | "doo_v1_" | "dor_v1_" => {
            return prefix.to_owned() + &draw_characters(HEX, 64, seed);
        }
        _ => 70,
    };
    prefix.to_owned() + &draw_characters(LETTERS, count, seed)
}

#[test]
fn the_table_of_words_can_be_built() {
    assert!(MARKS.is_some());
}

#[test]
fn every_kind_of_token_is_found_wherever_it_stands_and_masked() {
    for shape in SHAPES {
        for seed in 1..40 {
            let token = make_token(shape.prefix, seed);
            for (before, after) in
                [("", ""), ("take ", " for it"), ("(", ")"), ("a=", ";"), ("\n", "\n")]
            {
                let text = format!("{before}{token}{after}");
                let found = find(&text).unwrap_or_else(|| panic!("{text}"));
                let shown = mask_secrets(&text).into_owned();
                assert_eq!(shown, format!("{before}[{}]{after}", found.kind));
                assert!(may_be_in(&json!({ "text": text }).to_string()), "{text}");
            }
        }
    }
}

#[test]
fn a_token_is_found_after_letters_and_in_an_address() {
    for prefix in ["ghp_", "glpat-", "xoxb-", "npm_", "shpat_", "sk_live_"] {
        let token = make_token(prefix, 11);
        for before in ["x", "1", "token%3D", "token%3d", "\\n"] {
            let text = format!("{before}{token}");
            assert!(kind_of(&text).is_some(), "{text}");
            assert!(!mask_secrets(&text).contains(&token[prefix.len() + 4..]), "{text}");
        }
    }
    let named = format!("BERLIN_API_KEY={}", draw_characters(LETTERS, 24, 5));
    assert_eq!(kind_of(&named), Some("a password or key"));
}

#[test]
fn what_only_looks_like_a_token_is_none() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "AKIAAAAAAAAAAAAAAAAA",
        "XAKIAQ7R3KZ2MNB5LPTVW",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_short",
        "a task-list and a disk-image",
        "eyJhbGciOiJIUzI1NiJ9 is a header",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "sk-estimator-html-doc-link-styles-for-dark-mode",
        "glpat-your_token_goes_here_please",
        "AIza is how they begin",
        "highs_and_lows_of_the_day_2024_in_all_the_stations_of_the_north",
        "monkey-0123456789abcdef0123456789abcdef",
        "task-9e107d9d372bb6826bd81d3542a419d6",
        "precio0123456789abcdef0123456789abcdef",
        "key-0123456789abcdef0123456789abcdef01234567",
        "12:AA is a time, 123456789:AAA is no token",
        "sig=short and a design=abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop",
        "The API 1//0 of version 8Q~ is old.",
    ] {
        assert_eq!(kind_of(text), None, "{text}");
    }
}

#[test]
fn a_password_in_an_address_is_found() {
    for address in [
        "postgres://app:tR5mv@db.example.com/app",
        "see amqp://worker:hunter2@10.0.0.1:5672 there",
        "url:https://bob:s3cr%40et@example.org/x",
    ] {
        assert_eq!(kind_of(address), Some("a password"), "{address}");
        assert!(mask_secrets(address).contains(":[a password]@"), "{}", mask_secrets(address));
    }
    for address in [
        "postgres://user:password@localhost/db",
        "postgres://${USER}:${PASSWORD}@localhost/db",
        "https://user:****@example.com",
        "https://<user>:<password>@example.com",
        "ssh://git@example.com:22/x",
        "https://example.com/@scope/package:latest",
        "https://example.com:8080/?mail=a:b@c",
        "root:root and ://a:bcd@e",
    ] {
        assert_eq!(kind_of(address), None, "{address}");
    }
}

#[test]
fn a_random_value_with_the_name_of_a_secret_is_found() {
    let is_found = |value: &String| find(&format!("token={value}")).is_some();
    let values: Vec<String> =
        (1..=200).map(|seed| draw_characters(LETTERS, 24, seed)).filter(is_found).collect();
    assert!(values.len() > 195, "{} of 200", values.len());
    for value in values {
        for text in [
            format!("password: {value}"),
            format!("DB_PASSWORD={value}"),
            format!("AWS_SECRET_ACCESS_KEY = \"{value}\""),
            format!("{{\"api_key\": \"{value}\"}}"),
            format!("{{\\\"api_key\\\": \\\"{value}\\\"}}"),
            format!("API key: `{value}`"),
            format!("Authorization: Bearer {value}"),
            format!("Endpoint=x;AccountKey={value};Suffix=y"),
            format!("| **Passphrase**: {value} |"),
        ] {
            assert_eq!(kind_of(&text), Some("a password or key"), "{text}");
            assert!(!mask_secrets(&text).contains(&value), "{text}");
        }
    }
    // With only 16 characters, a few random draws in a hundred have no digit in place, or repeat
    // too much.
    let short = (1..=1_000)
        .filter(|seed| find(&format!("token={}", draw_characters(LETTERS, 16, *seed))).is_some());
    assert!(short.count() > 900);
    let hex = (1..=1_000)
        .filter(|seed| find(&format!("secret: {}", draw_characters(HEX, 32, *seed))).is_some());
    assert!(hex.count() > 990);
}

#[test]
fn prose_names_digests_and_places_for_secrets_are_none() {
    for text in [
        "token: the parser reads one token",
        "The secret: nobody reads documentation 24 hours a day.",
        "password: <your password here 123456>",
        "password = ${DB_PASSWORD_FOR_STAGE2}",
        "password = changeme-changeme-2024",
        "password: ****************",
        "passwd = getpass.getpass(prompt2)",
        "token = Fw::Buffer2Manager::Token4",
        "token_count = 1234567890abcdef77",
        "password_hash: 5f4dcc3b5aa765d61d8327deb882cf99",
        "tokenizer: o200k_base_2024_edition",
        "secret: /run/secrets/postgres_password_2",
        "token: https://example.com/token2/page",
        "token: 123e4567-e89b-12d3-a456-426614174000",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "part number LT3080EMS8E-1#TRPBF, M6x20",
        "Pwd: the working folder",
    ] {
        assert_eq!(kind_of(text), None, "{text}");
    }
}

#[test]
fn a_field_is_named_by_its_path_and_read_with_its_name() {
    let value = draw_characters(LETTERS, 24, 5);
    let key = format!("npm_{}", draw_characters(LETTERS, 36, 5));
    for (row, path) in [
        (json!({ "properties": { "login": { "password": value } } }), "properties.login.password"),
        (json!({ "properties": { "tokens": ["x", value] } }), "properties.tokens[1]"),
        (
            json!({ "properties": { "password": { "current": value } } }),
            "properties.password.current",
        ),
        (
            json!({ "properties": { "password": { "all": [{ "of": value }] } } }),
            "properties.password.all[0].of",
        ),
        (
            json!({ "properties": { "env": [["PATH", "/bin"], ["DB_PASSWORD", value]] } }),
            "properties.env[1][1]",
        ),
        (json!({ "category": "ops", "key": "deploy token", "value": value }), "value"),
        (json!({ "name": "API key", "properties": { "value": value } }), "properties.value"),
        (json!({ "subject": "root password", "content": value }), "content"),
        (json!({ "properties": { key.as_str(): 1 } }), "properties.[an npm token]"),
        (
            json!({ "source_refs": ["doc:a", format!("url:https://a:{value}@b.c")] }),
            "source_refs[1]",
        ),
    ] {
        let place = find_in(&row, &|_| false).unwrap_or_else(|| panic!("{row}"));
        assert_eq!(place.path, path);
        assert!(may_be_in(&row.to_string()), "{row}");
        assert_eq!(
            find_in(&row, &|text| text == value || text == key || text.contains(&value)),
            None
        );
    }
    for row in [
        json!({ "name": "Token ring", "properties": { "value": "10", "unit": "Mbit/s" } }),
        json!({ "name": "API key", "description": value }),
        json!({ "name": "API key", "properties": { "part": value } }),
        json!({ "properties": { "token": { "sha256": draw_characters(HEX, 64, 3) } } }),
        json!({ "properties": { "credential": { "key_id": draw_characters(HEX, 40, 3) } } }),
        json!({ "properties": { "pairs": [["digest", value], ["token", "password"]] } }),
        json!({ "properties": { "sha256": draw_characters(HEX, 64, 3), "id": value } }),
    ] {
        assert_eq!(find_in(&row, &|_| false), None, "{row}");
    }
}

#[test]
fn a_word_that_is_written_with_escapes_is_looked_at() {
    assert!(may_be_in(r#"{"a": "\u0067hp_abc"}"#) && may_be_in(r#"{"a": "x:\/\/y"}"#));
    assert!(!may_be_in(r#"{"name": "Cell", "description": "A token-free row: 10 \"mm\".\n"}"#.replace("token", "care").as_str()));
}

#[test]
fn whatever_stands_before_a_secret_the_row_that_holds_it_is_looked_at() {
    let secrets =
        [make_token("AKIA", 3), make_token("ghp_", 3), "https://ada:Kq7vTz93xLm@host".to_owned()];
    for before in ('\0'..'\u{300}').chain(['\u{2028}', '\u{feff}', '\u{1f600}']) {
        for secret in &secrets {
            let text = format!("{before}{secret}");
            let row = json!({ "description": text }).to_string();
            assert!(find(&text).is_none() || may_be_in(&row), "{row}");
        }
    }
    assert!(secrets.iter().all(|secret| find(&format!("\u{c}{secret}")).is_some()));
}
