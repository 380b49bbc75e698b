//! Secrets that are detected by their name: `password = …`, `user:password@host`.

use std::ops::Range;
use std::sync::LazyLock;

/// A likely secret: its kind and its byte range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMatch {
    pub kind: &'static str,
    pub range: Range<usize>,
}

/// Names of secrets.
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
/// Words that make a following `key` a secret.
const KEYS: [&str; 8] =
    ["access", "account", "api", "auth", "encryption", "master", "private", "signing"];
/// Suffixes that keep a name that of a secret, unlike the one in `token_count`.
const ENDINGS: [&str; 9] = ["", "s", "key", "keys", "accesskey", "token", "value", "b64", "base64"];
/// Authentication schemes before a value.
const SCHEMES: [&str; 3] = ["bearer ", "basic ", "token "];

const PASSWORD: &str = "a password";
const VALUE: &str = "a password or key";

/// Every name in each spelling, in lower case.
pub static ALL_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let keys = KEYS
        .iter()
        .flat_map(|what| ["", "_", "-", " "].iter().map(move |gap| format!("{what}{gap}key")));
    NAMES.iter().map(|name| (*name).to_owned()).chain(keys).collect()
});

/// Returns the kind of secret if the name is that of a secret and the value looks random.
pub fn secret_kind(name: &str, value: &str) -> Option<&'static str> {
    let value = value.trim().as_bytes();
    let judged = std::str::from_utf8(&value[..value.len().min(JUDGED)]);
    if !judged.is_ok_and(is_random) {
        return None;
    }
    names_a_secret(name).then_some(VALUE)
}

/// Whether a name is that of a secret.
pub fn names_a_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ALL_NAMES.iter().any(|word| {
        lower.rfind(word.as_str()).is_some_and(|at| ends_a_name(&lower[at + word.len()..]))
    })
}

/// Parts of the names of values that belong to a secret and are none.
const DIGESTS: [&str; 7] = ["checksum", "digest", "fingerprint", "hash", "id", "md5", "sha"];

/// Whether the value of a name identifies or proves something, as in `{"token": {"sha256": …}}`.
pub fn is_name_of_a_digest(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphabetic()).any(|part| DIGESTS.contains(&part))
}

/// Whether the rest of a name after the matched word leaves it the name of a secret.
fn ends_a_name(rest: &str) -> bool {
    let rest: String =
        rest.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect::<String>().to_lowercase();
    ENDINGS.contains(&rest.as_str()) || rest.bytes().all(|byte| byte.is_ascii_digit())
}

/// Bytes of a value that are examined: without a limit, crafted text would take quadratic time.
pub const JUDGED: usize = 256;
/// Bytes of the longest suffix, including separators.
const LONGEST_ENDING: usize = 16;

/// Returns the random value assigned to a name by `=` or `:`.
pub fn value_after(text: &str, end: usize) -> Option<SecretMatch> {
    let rest = &text[end..];
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let ending = rest.bytes().take(LONGEST_ENDING).take_while(is_name).count();
    let (ending, behind) = rest.split_at(ending);
    if !ends_a_name(ending) {
        return None;
    }
    let called_bearer = &text.as_bytes()[end.saturating_sub(6)..end];
    let given = assigned_value(behind, called_bearer.eq_ignore_ascii_case(b"bearer"))?;
    let start = text.len() - given.len();
    let value = value_in(given)?;
    Some(SecretMatch { kind: VALUE, range: start + value.start..start + value.end })
}

/// Returns the text after the assignment operator, and after the authentication scheme if any.
fn assigned_value(behind: &str, is_scheme: bool) -> Option<&str> {
    let blank = [' ', '\t'];
    let sign = behind.trim_start_matches(['"', '\'', '`', '*', ']', '\\', ' ', '\t']);
    let given = match sign.trim_start_matches([':', '=']) {
        given if given.len() < sign.len() => given.strip_prefix('>').unwrap_or(given),
        _ if is_scheme && behind.starts_with(blank) => behind,
        _ => return None,
    };
    let given = given.trim_start_matches(blank);
    let head = |scheme: &&&str| {
        given.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    let scheme = SCHEMES.iter().find(head).map_or(0, |scheme| scheme.len());
    Some(given[scheme..].trim_start_matches(blank))
}

/// Returns the byte range of the random value with which a text begins, in quotes or up to a
/// delimiter.
fn value_in(given: &str) -> Option<Range<usize>> {
    const GAPS: &[char] =
        &['"', '\'', '`', ',', ';', ')', ']', '}', '<', '>', '|', '\\', '&', '\n'];
    let plain = given.trim_start_matches('\\');
    let quote = plain.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let inside = if quote.is_some() { &plain[1..] } else { given };
    let ends = |c: char| {
        c.is_whitespace()
            || match quote {
                Some(quote) => c == quote || c == '\\',
                None => GAPS.contains(&c),
            }
    };
    let judged = inside.bytes().take(JUDGED).take_while(u8::is_ascii_graphic).count();
    let judged = &inside[..judged];
    if !is_random(&judged[..judged.find(ends).unwrap_or(judged.len())]) {
        return None;
    }
    let opening = given.len() - inside.len();
    Some(opening..opening + inside.find(ends).unwrap_or(inside.len()))
}

/// Returns the password in a URL: `scheme://user:password@host`.
pub fn password_in_address(text: &str, word: Range<usize>) -> Option<SecretMatch> {
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
    real.then_some(SecretMatch { kind: PASSWORD, range: start..start + password.len() })
}

/// Minimum length of a value that counts as random.
const LEAST_LENGTH: usize = 16;
/// Minimum Shannon entropy in bits per character; hexadecimal digits have at most 4.
const LEAST_BITS: f64 = 3.5;
const LEAST_BITS_HEX: f64 = 3.0;
/// Minimum length of a part between two separators that contains letters and digits, or letters
/// whose case changes at two of five positions: in camel case it changes less often.
const LEAST_PART: usize = 8;

/// Whether a value looks random rather than chosen by a person.
fn is_random(value: &str) -> bool {
    let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    let least = if hex { LEAST_BITS_HEX } else { LEAST_BITS };
    value.len() >= LEAST_LENGTH
        && value.bytes().all(|byte| byte.is_ascii_graphic())
        && value.split(['-', '_', '.', '/', ':']).any(is_mixed)
        && bits_a_character(value) >= least
        && !is_placeholder(value)
        && !is_code(value)
        && !is_uuid(value)
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

/// Whether a value is an expression, a path or a URL, which refers to a secret.
fn is_code(value: &str) -> bool {
    ["(", "::", "->", "://", "[", "{"].iter().any(|sign| value.contains(sign))
        || value.starts_with(['/', '.', '~', '@', '$', '%', '<'])
}

fn is_uuid(value: &str) -> bool {
    let parts: Vec<usize> = value.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// Words that do not occur in random values.
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

/// Whether a value is a placeholder: `<your token>`, `****`, `${VAR}`, `changeme`.
pub fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.starts_with(['<', '$', '%', '{', '['])
        || ["****", "....", "…", "${", "{{"].iter().any(|sign| value.contains(sign))
        || PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Returns the Shannon entropy of a text in bits per character.
pub fn bits_a_character(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let all = text.len() as f64;
    let share = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all);
    share.map(|share| -share * share.log2()).sum()
}
