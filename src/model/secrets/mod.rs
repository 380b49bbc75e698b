//! Detects likely secrets in a text: private keys, tokens with an issuer's prefix, passwords in
//! URLs, and random values assigned to a name such as `password`.
//!
//! One pass searches for the few words with which all of these begin (`MARKS`); the detailed checks
//! run only where one was found. Regular expressions were rejected: the shapes are a prefix and a
//! run of characters, for which a table is more readable. docs/hostile-input.md lists the kinds
//! with their sources and thresholds, and the limits of detection.

mod named;
mod shapes;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use serde_json::{Map, Value};

use named::SecretMatch;

/// The kind of secret that a word may begin.
#[derive(Debug, Clone, Copy)]
enum SecretMark {
    /// The shape with this number.
    Shape(usize),
    /// The name of a secret value.
    Name,
    /// The part of a URL before a user and a password.
    Address,
}

struct Marks {
    words: AhoCorasick,
    marks: Vec<SecretMark>,
}

/// `None` only if the table below could not be built, which a test would detect.
static MARKS: LazyLock<Option<Marks>> = LazyLock::new(|| {
    let shapes = shapes::SHAPES.iter().map(|shape| shape.prefix.to_owned());
    let mut words: Vec<String> = shapes.collect();
    let mut marks: Vec<SecretMark> = (0..words.len()).map(SecretMark::Shape).collect();
    words.extend(named::ALL_NAMES.iter().cloned());
    marks.resize(words.len(), SecretMark::Name);
    words.push("://".to_owned());
    marks.push(SecretMark::Address);
    let words = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words);
    words.ok().map(|words| Marks { words, marks })
});

/// Returns the words in a text with which a secret may begin, and their byte ranges, which may
/// overlap: `BERLIN_API_KEY` has the beginning of a Linear key and a name.
fn find_marks(text: &str) -> impl Iterator<Item = (SecretMark, Range<usize>)> {
    MARKS.iter().flat_map(move |all| {
        let mut from = 0;
        std::iter::from_fn(move || {
            let word = all.words.find(Input::new(text).range(from..))?;
            from = word.start() + 1;
            Some((all.marks[word.pattern().as_usize()], word.range()))
        })
    })
}

fn secret_at((mark, word): (SecretMark, Range<usize>), text: &str) -> Option<SecretMatch> {
    match mark {
        SecretMark::Shape(number) => shapes::SHAPES[number].found(text, word),
        SecretMark::Name => named::value_after(text, word.end),
        SecretMark::Address => named::password_in_address(text, word),
    }
}

/// Returns the first likely secret in a text.
pub fn find(text: &str) -> Option<SecretMatch> {
    find_marks(text).find_map(|mark| secret_at(mark, text))
}

/// Whether JSON may hold a secret; if so, [`find_in`] checks each of its texts. May be a false
/// positive.
pub fn may_be_in(json: &str) -> bool {
    // An escape may encode a letter of a word, or end with a letter that is not part of the text.
    ["\\u", "\\/", "\\b", "\\f"].iter().any(|escape| json.contains(escape))
        || find_marks(json).any(|(mark, word)| match mark {
            SecretMark::Name => true,
            _ => secret_at((mark, word), json).is_some(),
        })
}

/// Replaces each likely secret by its kind, for messages that repeat user input.
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut done = 0;
    for (mark, word) in find_marks(text) {
        let found = if word.start < done { None } else { secret_at((mark, word), text) };
        if let Some(SecretMatch { kind, range }) = found.filter(|found| found.range.start >= done) {
            shown.push_str(&text[done..range.start]);
            shown.push_str(&format!("[{kind}]"));
            done = range.end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

/// A likely secret in a value, and the path of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretLocation {
    pub path: String,
    pub kind: &'static str,
}

/// Replaces each likely secret in the texts and keys of a value by its kind.
pub fn mask_value(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = mask_secrets(text) {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_value),
        Value::Object(fields) => {
            let given = std::mem::take(fields);
            fields.extend(given.into_iter().map(|(key, mut value)| {
                mask_value(&mut value);
                (mask_secrets(&key).into_owned(), value)
            }));
        }
        _ => {}
    }
}

/// Returns the first likely secret among the value's texts and keys, except `known` ones.
pub fn find_in(value: &Value, known: &dyn Fn(&str) -> bool) -> Option<SecretLocation> {
    mask_path(find_in_value(value, "", Names::default(), known)?)
}

/// As [`find_in`], for the fields of an object.
pub fn find_in_fields(fields: &Map<String, Value>) -> Option<SecretLocation> {
    mask_path(look_at_fields(fields, "", Names::default(), &|_| false)?)
}

fn mask_path(place: SecretLocation) -> Option<SecretLocation> {
    Some(SecretLocation { path: mask_secrets(&place.path).into_owned(), ..place })
}

/// The names of a value, apart from its path.
#[derive(Debug, Clone, Copy, Default)]
struct Names<'v> {
    /// Its name if that is not the last part of its path: a row or an object may have a name of its
    /// own, in a field such as `key`.
    own: Option<&'v str>,
    /// The key of an object around it, if that names a secret: `{"password": {"current": …}}`.
    around: Option<&'v str>,
}

impl Names<'_> {
    fn kind_of(self, text: &str) -> Option<&'static str> {
        [self.own, self.around]
            .into_iter()
            .flatten()
            .find_map(|name| named::secret_kind(name, text))
    }
}

fn find_in_value(
    value: &Value,
    path: &str,
    names: Names<'_>,
    known: &dyn Fn(&str) -> bool,
) -> Option<SecretLocation> {
    match value {
        Value::String(text) if known(text) => None,
        Value::String(text) => {
            let kind = find(text).map(|found| found.kind).or_else(|| names.kind_of(text))?;
            Some(SecretLocation { path: path.to_owned(), kind })
        }
        Value::Array(items) => {
            // A pair of a name and its value.
            let names = match items.as_slice() {
                [Value::String(name), Value::String(_)] => Names { own: Some(name), ..names },
                _ => names,
            };
            let item = |(at, item)| find_in_value(item, &format!("{path}[{at}]"), names, known);
            items.iter().enumerate().find_map(item)
        }
        Value::Object(fields) => look_at_fields(fields, path, names, known),
        _ => None,
    }
}

fn look_at_fields(
    fields: &Map<String, Value>,
    path: &str,
    names: Names<'_>,
    known: &dyn Fn(&str) -> bool,
) -> Option<SecretLocation> {
    let said = ["key", "name", "subject"].iter().find_map(|key| fields.get(*key)?.as_str());
    let said = said.or(names.own);
    fields.iter().find_map(|(key, value)| {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if let Some(found) = find(key).filter(|_| !known(key)) {
            return Some(SecretLocation { path, kind: found.kind });
        }
        let around = names.around.filter(|_| !named::is_name_of_a_digest(key));
        // These fields belong to the row's name; other fields have their own key as name.
        let names = match key.as_str() {
            "value" | "content" | "properties" => Names { own: said, around },
            _ => {
                let around = Some(key.as_str()).filter(|key| named::names_a_secret(key)).or(around);
                Names { own: Some(key), around }
            }
        };
        find_in_value(value, &path, names, known)
    })
}

#[cfg(test)]
mod tests;
