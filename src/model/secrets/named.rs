//! Secrets that can be told by what they are called: `password = …`, `user:password@host`.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::Found;

/// Names of what is secret.
const NAMES: [&str; 9] = [
    "authorization",
    "bearer",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
];
/// What a key is for that is secret; the word `key` follows.
const KEYS: [&str; 8] =
    ["access", "account", "api", "auth", "encryption", "master", "private", "signing"];
/// What may follow a name without making it the name of something else, as `token_count` is.
const ENDINGS: [&str; 9] = ["", "s", "key", "keys", "accesskey", "token", "value", "b64", "base64"];
/// Words before a value that say how it is used.
const SCHEMES: [&str; 3] = ["bearer ", "basic ", "token "];

const PASSWORD: &str = "a password";
const VALUE: &str = "a password or key";

/// Every name, in each way of writing it, in lower case.
pub static ALL_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let keys = KEYS
        .iter()
        .flat_map(|what| ["", "_", "-", " "].iter().map(move |gap| format!("{what}{gap}key")));
    NAMES.iter().map(|name| (*name).to_owned()).chain(keys).collect()
});

/// What a value is, if its name says that it is secret and it looks random.
pub fn kind(name: &str, value: &str) -> Option<&'static str> {
    if !is_random(value.trim()) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let secret = ALL_NAMES.iter().any(|word| {
        lower.rfind(word.as_str()).is_some_and(|at| ends_a_name(&lower[at + word.len()..]))
    });
    secret.then_some(VALUE)
}

/// Whether what is left of a name behind the word leaves it the name of a secret.
fn ends_a_name(rest: &str) -> bool {
    let rest: String =
        rest.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect::<String>().to_lowercase();
    ENDINGS.contains(&rest.as_str()) || rest.bytes().all(|byte| byte.is_ascii_digit())
}

/// The random value that a name is given: what stands behind `=` or `:`.
pub fn value_after(text: &str, end: usize) -> Option<Found> {
    let rest = &text[end..];
    let name =
        rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let (name, behind) = rest.split_at(name.count());
    if !ends_a_name(name) {
        return None;
    }
    let spaces = |text: &'_ str| text.len() - text.trim_start_matches([' ', '\t']).len();
    let is_scheme = text[..end].to_ascii_lowercase().ends_with("bearer");
    let unquoted = behind.trim_start_matches(['"', '\'', '`', '*', ']', '\\', ' ', '\t']);
    let given = match unquoted.trim_start_matches([':', '=']) {
        given if given.len() < unquoted.len() => given.strip_prefix('>').unwrap_or(given),
        _ if is_scheme && spaces(behind) > 0 => behind,
        _ => return None,
    };
    let given = given.trim_start_matches([' ', '\t']);
    let given = SCHEMES
        .iter()
        .find(|scheme| {
            given.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
        })
        .map_or(given, |scheme| given[scheme.len()..].trim_start());
    let value = value(given)?;
    let start = value.as_ptr() as usize - text.as_ptr() as usize;
    is_random(value).then(|| Found { kind: VALUE, range: start..start + value.len() })
}

/// The value that a text begins with: what is in quotes, or what stands before the next gap.
fn value(given: &str) -> Option<&str> {
    let plain = given.trim_start_matches('\\');
    let quote = plain.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let (inside, ends): (&str, &[char]) = match quote {
        Some('"') => (&plain[1..], &['"', '\\']),
        Some('\'') => (&plain[1..], &['\'']),
        Some(_) => (&plain[1..], &['`']),
        None => (given, &['"', '\'', '`', ',', ';', ')', ']', '}', '<', '>', '|', '\\', '&']),
    };
    let end = inside.find(|c: char| ends.contains(&c) || c.is_whitespace());
    Some(&inside[..end.unwrap_or(inside.len())]).filter(|value| !value.is_empty())
}

/// The password in an address: `scheme://user:password@host`.
pub fn password_in_address(text: &str, word: Range<usize>) -> Option<Found> {
    let before = text[..word.start].bytes().next_back();
    if !before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let rest = &text[word.end..];
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`' | '\\');
    let authority = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let (who, _) = authority.rsplit_once('@')?;
    let (user, password) = who.split_once(':')?;
    let said = ["user", "username", "pass", "password", "passwd", "pwd", "secret", "pw"];
    let plain = password.to_lowercase();
    let real = password.chars().count() >= 3
        && user.to_lowercase() != plain
        && !said.contains(&plain.as_str())
        && !is_placeholder(password)
        && password.chars().any(|c| c != '*' && c != '.' && c != '…' && c != '•');
    let start = word.end + user.len() + 1;
    real.then_some(Found { kind: PASSWORD, range: start..start + password.len() })
}

/// Fewest characters of a value that counts as random.
const LEAST_LENGTH: usize = 16;
/// Fewest bits of entropy a character, by how often each character occurs in the value; hexadecimal
/// digits have at most 4.
const LEAST_BITS: f64 = 3.5;
const LEAST_BITS_HEX: f64 = 3.0;
/// Fewest characters between two separators that hold letters and digits, or letters whose case
/// changes at two of five places: words that are written together change it less.
const LEAST_PART: usize = 8;

/// Whether a value looks made by chance, and not by somebody who names a thing.
fn is_random(value: &str) -> bool {
    let graphic = value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.len() < LEAST_LENGTH || !graphic || is_placeholder(value) || is_code(value) {
        return false;
    }
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let least = if hex { LEAST_BITS_HEX } else { LEAST_BITS };
    value.split(['-', '_', '.', '/', ':']).any(is_mixed)
        && !is_uuid(value)
        && bits_a_character(value) >= least
}

fn is_mixed(part: &str) -> bool {
    let bytes = part.as_bytes();
    let has = |class: fn(&u8) -> bool| bytes.iter().any(class);
    let turns =
        bytes.windows(2).filter(|two| two[0].is_ascii_uppercase() != two[1].is_ascii_uppercase());
    bytes.len() >= LEAST_PART
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit) || turns.count() * 5 >= bytes.len() * 2)
}

/// Whether a value is an expression, a path or an address, and so says where a secret comes from.
fn is_code(value: &str) -> bool {
    ["(", "::", "->", "://", "[", "{"].iter().any(|sign| value.contains(sign))
        || value.starts_with(['/', '.', '~', '@', '$', '%', '<'])
}

fn is_uuid(value: &str) -> bool {
    let parts: Vec<usize> = value.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Words that nobody draws by chance.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "change_me",
    "change-me",
    "dummy",
    "example",
    "fake",
    "insert",
    "placeholder",
    "redacted",
    "sample",
    "your_",
    "your-",
    "yourt",
    "xxxx",
];

/// Whether a value stands for one: `<your token>`, `****`, `${VAR}`, `changeme`.
pub fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['<', '$', '%', '{', '['])
        || ["****", "....", "…", "${", "{{"].iter().any(|sign| value.contains(sign))
        || PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Shannon entropy: how much a character of the text tells, by how often each occurs in it.
pub fn bits_a_character(text: &str) -> f64 {
    let mut counts: HashMap<char, f64> = HashMap::new();
    text.chars().for_each(|c| *counts.entry(c).or_default() += 1.0);
    let all = text.chars().count() as f64;
    counts.values().map(|count| -(count / all) * (count / all).log2()).sum()
}
