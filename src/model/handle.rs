//! Handles: short row names that people and models can copy without mistakes, such as `e7k3q9w`.
//!
//! A handle is the letter of its kind, five or more characters of Crockford's base 32, and one
//! check character. The checksum is a weighted sum over GF(32) with a different weight at each
//! position, so one wrong character or one swap of neighbours never yields another valid handle.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::error::{Error, SubjectKind};
use super::event::Kind;

/// A kind of row that has handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandleKind {
    Entity,
    Memory,
    Relationship,
    Conflict,
    Chunk,
    Document,
    Interaction,
    Project,
    State,
    Operation,
    Revision,
}

impl HandleKind {
    pub const ALL: [Self; 11] = [
        Self::Entity,
        Self::Memory,
        Self::Relationship,
        Self::Conflict,
        Self::Chunk,
        Self::Document,
        Self::Interaction,
        Self::Project,
        Self::State,
        Self::Operation,
        Self::Revision,
    ];

    /// The first character of its handles.
    pub fn letter(self) -> char {
        match self {
            Self::Entity => 'e',
            Self::Memory => 'm',
            Self::Relationship => 'r',
            Self::Conflict => 'c',
            Self::Chunk => 'k',
            Self::Document => 'd',
            Self::Interaction => 'i',
            Self::Project => 'p',
            Self::State => 's',
            Self::Operation => 'o',
            Self::Revision => 'v',
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::Memory => "memory",
            Self::Relationship => "relationship",
            Self::Conflict => "conflict",
            Self::Chunk => "chunk",
            Self::Document => "document",
            Self::Interaction => "interaction",
            Self::Project => "project",
            Self::State => "project_state",
            Self::Operation => "operation",
            Self::Revision => "revision",
        }
    }

    /// Returns the handle kind of an audited row; the store itself has none.
    pub fn of_row(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Memory => Self::Memory,
            Kind::Entity => Self::Entity,
            Kind::Relationship => Self::Relationship,
            Kind::Project => Self::Project,
            Kind::ProjectState => Self::State,
            Kind::Conflict => Self::Conflict,
            Kind::Interaction => Self::Interaction,
            Kind::Revision => Self::Revision,
            Kind::Store => return None,
        })
    }

    fn of_letter(letter: char) -> Option<Self> {
        let letter = letter.to_ascii_lowercase();
        Self::ALL.into_iter().find(|kind| kind.letter() == letter)
    }
}

/// Crockford's base 32: digits and lower-case letters without i, l, o and u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The minimum number of characters between the letter and the check character. There are 31
/// different weights.
pub const MIN_DIGITS: usize = 5;
pub const MAX_DIGITS: usize = 29;

/// A handle with a valid check character.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Handle {
    kind: HandleKind,
    digits: Vec<u8>,
}

impl Handle {
    /// Derives a handle of the given length deterministically from a row's id.
    pub fn of_id(kind: HandleKind, id: &str, length: usize) -> Self {
        let bytes = Sha256::digest(id.as_bytes());
        let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
        let digit = |at: usize| (5 * at..5 * at + 5).fold(0, |digit, at| digit << 1 | bit(at));
        Self { kind, digits: (0..length.clamp(MIN_DIGITS, MAX_DIGITS)).map(digit).collect() }
    }

    pub fn kind(&self) -> HandleKind {
        self.kind
    }

    /// Returns the handles for which a text may be a typo: one wrong character or one swap of
    /// neighbours.
    pub fn near(text: &str) -> Vec<Self> {
        let Some(read) = HandleText::of(text) else { return Vec::new() };
        let mut found = Vec::new();
        let letters = HandleKind::ALL.into_iter();
        found.extend(letters.filter_map(|kind| HandleText { kind, ..read.clone() }.to_handle()));
        for at in 0..read.values.len() {
            for value in 0..32 {
                let mut other = read.clone();
                other.values[at] = value;
                found.extend(other.to_handle());
            }
        }
        for at in 1..read.values.len() {
            let mut other = read.clone();
            other.values.swap(at - 1, at);
            found.extend(other.to_handle());
        }
        let own = read.to_handle();
        found.retain(|handle| Some(handle) != own.as_ref());
        found.dedup();
        found
    }
}

/// Whether a text has the form of a handle; the check character may be wrong.
pub fn has_handle_form(text: &str) -> bool {
    HandleText::of(text).is_some()
}

impl FromStr for Handle {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        HandleText::of(text)
            .and_then(|read| read.to_handle())
            .ok_or_else(|| Error::not_found(SubjectKind::Handle, text))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = check_value(self.kind, &self.digits);
        write!(f, "{}", self.kind.letter())?;
        for value in self.digits.iter().chain([&check]) {
            write!(f, "{}", char::from(ALPHABET[usize::from(*value)]))?;
        }
        Ok(())
    }
}

/// A text in the form of a handle: its letter and the values of all other characters.
#[derive(Clone)]
struct HandleText {
    kind: HandleKind,
    values: Vec<u8>,
}

impl HandleText {
    fn of(text: &str) -> Option<Self> {
        let mut characters = text.chars();
        let kind = HandleKind::of_letter(characters.next()?)?;
        let rest = characters.as_str();
        if !(MIN_DIGITS + 1..=MAX_DIGITS + 1).contains(&rest.len()) {
            return None;
        }
        let values = rest.bytes().map(value_of).collect::<Option<_>>()?;
        Some(Self { kind, values })
    }

    /// Returns the handle if the check character is valid.
    fn to_handle(&self) -> Option<Handle> {
        let (check, digits) = self.values.split_last()?;
        let fits = check_value(self.kind, digits) == *check;
        fits.then(|| Handle { kind: self.kind, digits: digits.to_vec() })
    }
}

/// Returns the value of a character; o is read as 0, i and l as 1.
fn value_of(character: u8) -> Option<u8> {
    let character = match character.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    let at = ALPHABET.iter().position(|known| *known == character)?;
    u8::try_from(at).ok()
}

/// Computes the check character's value. Counted from the right, the check character has weight 1,
/// the one before it weight 2, and so on by powers of 2, and the total sum is 0.
fn check_value(kind: HandleKind, digits: &[u8]) -> u8 {
    // A letter outside the alphabet has the value of the digit that it is read as.
    let letter = value_of(kind.letter() as u8).unwrap_or_default();
    // Horner's rule: each step doubles the previous sum.
    digits.iter().fold(double_value(letter), |sum, digit| double_value(sum ^ digit))
}

/// Doubles a value in GF(32) with the polynomial x⁵ + x² + 1, of which 2 is a generator.
fn double_value(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 32 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handles() -> impl Iterator<Item = String> {
        HandleKind::ALL.into_iter().flat_map(|kind| {
            (0..60).map(move |n| Handle::of_id(kind, &format!("{n}"), 5 + n % 3).to_string())
        })
    }

    fn is_handle(text: &str) -> bool {
        text.parse::<Handle>().is_ok()
    }

    /// Normalises a text to the characters that it is read as.
    fn canonical(text: &str) -> String {
        let (letter, rest) = text.split_at(1);
        let rest = rest.to_ascii_lowercase().replace('o', "0").replace(['i', 'l'], "1");
        letter.to_ascii_lowercase() + &rest
    }

    #[test]
    fn a_handle_is_read_as_it_was_written() {
        for text in handles() {
            assert!((7..=9).contains(&text.len()), "{text}");
            assert_eq!(text.parse::<Handle>().expect("a handle").to_string(), text);
        }
        assert_eq!(Handle::of_id(HandleKind::Entity, "x", 5).to_string().len(), 7);
    }

    #[test]
    fn every_single_wrong_character_is_refused() {
        for text in handles() {
            for at in 0..text.len() {
                for other in (b'0'..=b'9').chain(b'a'..=b'z').chain(b'A'..=b'Z') {
                    let mut wrong = text.clone().into_bytes();
                    wrong[at] = other;
                    let wrong = String::from_utf8(wrong).expect("ASCII");
                    let same = canonical(&wrong) == text;
                    assert_eq!(is_handle(&wrong), same, "{wrong} for {text}");
                }
            }
        }
    }

    #[test]
    fn every_swap_of_neighbours_is_refused() {
        for text in handles() {
            for at in 1..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong.swap(at - 1, at);
                let wrong = String::from_utf8(wrong).expect("ASCII");
                assert!(wrong == text || !is_handle(&wrong), "{wrong} for {text}");
            }
        }
    }

    #[test]
    fn what_was_meant_is_among_the_near_ones() {
        for text in handles() {
            let meant: Handle = text.parse().expect("a handle");
            for at in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[at] = if wrong[at] == b'e' { b'm' } else { b'e' };
                let wrong = String::from_utf8(wrong).expect("ASCII");
                let near = Handle::near(&wrong);
                assert!(near.contains(&meant), "{wrong} for {text}");
                assert!(near.len() < 40, "{near:?}");
            }
            assert_eq!(Handle::near(&text), [], "{text}");
        }
    }

    #[test]
    fn letters_that_look_like_digits_are_read_as_these_in_any_case() {
        let text = handles().find(|text| text[1..].contains('0') && text[1..].contains('1'));
        let text = text.expect("one with both");
        let spelled = text[1..].to_uppercase().replace('0', "O").replace('1', "l");
        let spelled = text[..1].to_uppercase() + &spelled;
        assert_eq!(spelled.parse::<Handle>().expect("a handle").to_string(), text);
    }

    #[test]
    fn what_is_too_short_or_has_other_characters_is_no_handle() {
        for text in ["", "e", "e7k3q9", "a7k3q9w", "e7k3u9w", "e7k3-9w", "é7k3q9w", "7k3q9we"] {
            assert!(!has_handle_form(text), "{text}");
        }
    }
}
