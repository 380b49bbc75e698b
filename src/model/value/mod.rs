//! Values of slots: quantities, tolerances, ranges, limits and texts, each in a form in which equal
//! values are equal, so that 10 mm is 1 cm and `>= 3 g` is `at least 3 g`.

mod claimed;
mod forms;
mod number;
mod spellings;
#[cfg(test)]
mod tests;
mod unit;

pub use claimed::{ClaimedValue, claimed_value, find_property, show_value};

use self::number::{Number, SIGNIFICANT};
use self::unit::Unit;
use super::hash;

/// The maximum length of a key in bytes; a longer one is replaced by its SHA-256.
const MAX_KEY: usize = 200;

/// A value that a row claims, read from its text.
#[derive(Debug, Clone, PartialEq)]
pub enum SlotValue {
    Amount(Amount),
    /// A value, or none for `±5 V`, and by how much it may be higher and lower, in base units.
    Tolerance {
        nominal: Option<Amount>,
        plus: f64,
        minus: f64,
        unit: String,
    },
    Range {
        low: Amount,
        high: Amount,
    },
    Limit {
        bound: Bound,
        amount: Amount,
    },
    /// Folded text.
    Text(String),
}

/// The side on which a limit lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    AtLeast,
    AtMost,
    Above,
    Below,
    /// Not a limit, but not an exact value either.
    About,
}

impl Bound {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::Below => "<",
            Self::About => "~",
        }
    }
}

/// A number with a unit, in base units.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    base: f64,
    /// The digits of a long whole number.
    exact: Option<String>,
    unit: Unit,
}

impl Amount {
    /// `None` if the number does not fit into the base unit.
    fn new(number: Number, unit: Unit) -> Option<Self> {
        let base = number.value * unit.factor + unit.offset;
        base.is_finite().then_some(Self { base, exact: number.exact, unit })
    }

    fn key(&self) -> String {
        let Unit { factor, key, .. } = &self.unit;
        match &self.exact {
            Some(digits) => format!("{digits} {factor:e} {key}"),
            None => format!("{} {key}", round_number(self.base)),
        }
    }
}

/// Writes a number with the digits to which numbers are compared.
fn round_number(value: f64) -> String {
    // -0 is 0.
    let value = if value == 0.0 { 0.0 } else { value };
    format!("{value:.*e}", SIGNIFICANT - 1)
}

impl SlotValue {
    /// Reads a value; `None` for texts that mean a missing one, such as `TBD`.
    pub fn read(text: &str) -> Option<Self> {
        forms::read_value(text, None)
    }

    /// Returns the comparison key: equal values have equal keys.
    pub fn key(&self) -> String {
        let key = match self {
            Self::Amount(amount) => amount.key(),
            Self::Tolerance { nominal, plus, minus, unit } => {
                let nominal = nominal.as_ref().map(Amount::key).unwrap_or_default();
                format!("{nominal} +{} -{} {unit}", round_number(*plus), round_number(*minus))
            }
            Self::Range { low, high } => format!("{} .. {}", low.key(), high.key()),
            Self::Limit { bound, amount } => format!("{} {}", bound.as_str(), amount.key()),
            Self::Text(text) => text.clone(),
        };
        shorten_key(key)
    }
}

/// Returns the comparison key of a text; one that means a missing value is compared as text.
pub fn text_key(text: &str) -> String {
    let missing = || SlotValue::Text(forms::fold_statement(text));
    SlotValue::read(text).unwrap_or_else(missing).key()
}

fn shorten_key(key: String) -> String {
    if key.len() <= MAX_KEY { key } else { format!("sha256:{}", hash::digest(key)) }
}
