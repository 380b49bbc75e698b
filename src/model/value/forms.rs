//! The forms of a value in a text: amount, tolerance, range, limit, or any other text.

use super::number::{Number, read_number};
use super::unit::Unit;
use super::{Amount, Bound, SlotValue};
use crate::model::text::{fold_name, normalize_marks};

/// The maximum length in bytes of a text that may be a quantity.
const MAX_QUANTITY: usize = 200;

/// Texts that mean a missing value.
const MISSING: &[&str] = &["", "-", "--", "---", "tbd", "tbc", "t.b.d", "t.b.c", "n/a"];

/// The words and signs of limits, longest first where one begins another.
const BOUNDS: &[(&str, Bound)] = &[
    (">=", Bound::AtLeast),
    ("=>", Bound::AtLeast),
    ("≥", Bound::AtLeast),
    ("⩾", Bound::AtLeast),
    ("<=", Bound::AtMost),
    ("=<", Bound::AtMost),
    ("≤", Bound::AtMost),
    ("⩽", Bound::AtMost),
    (">", Bound::Above),
    ("<", Bound::Below),
    ("~", Bound::About),
    ("≈", Bound::About),
    ("at least ", Bound::AtLeast),
    ("no less than ", Bound::AtLeast),
    ("not less than ", Bound::AtLeast),
    ("minimum ", Bound::AtLeast),
    ("min. ", Bound::AtLeast),
    ("min ", Bound::AtLeast),
    ("at most ", Bound::AtMost),
    ("no more than ", Bound::AtMost),
    ("not more than ", Bound::AtMost),
    ("up to ", Bound::AtMost),
    ("maximum ", Bound::AtMost),
    ("max. ", Bound::AtMost),
    ("max ", Bound::AtMost),
    ("more than ", Bound::Above),
    ("greater than ", Bound::Above),
    ("above ", Bound::Above),
    ("less than ", Bound::Below),
    ("below ", Bound::Below),
    ("about ", Bound::About),
    ("approximately ", Bound::About),
    ("approx. ", Bound::About),
    ("ca. ", Bound::About),
];

/// Bounds behind an amount. `min` is not one of them, since it is the minute too.
const BOUNDS_BEHIND: &[(&str, Bound)] = &[
    (" max.", Bound::AtMost),
    (" max", Bound::AtMost),
    (" maximum", Bound::AtMost),
    (" min.", Bound::AtLeast),
    (" minimum", Bound::AtLeast),
];

/// Reads a value. `unit` belongs to numbers that have none in the text. `None` if the text
/// means a missing value.
pub fn read_value(text: &str, unit: Option<&str>) -> Option<SlotValue> {
    let folded = fold_statement(text);
    if MISSING.contains(&folded.trim_matches(['[', ']', '(', ')'])) {
        return None;
    }
    Some(read_quantity(text, unit).unwrap_or_else(|| {
        SlotValue::Text(match unit {
            Some(unit) => format!("{folded} {}", fold_name(unit)),
            None => folded,
        })
    }))
}

/// Folds a text for comparison, without the full stop at its end. A symbol such as `mW` keeps its
/// case, since `MW` is another.
pub fn fold_statement(text: &str) -> String {
    let text = text.trim();
    if Unit::is_case_sensitive(text) {
        return text.to_owned();
    }
    let folded = fold_name(text);
    match folded.trim_end_matches(['.', ' ']) {
        "" => folded,
        statement => statement.to_owned(),
    }
}

/// Reads anything but a text.
pub fn read_quantity(text: &str, unit: Option<&str>) -> Option<SlotValue> {
    let text = text.trim();
    let may_be = text.len() <= MAX_QUANTITY && text.chars().any(char::is_numeric);
    if !may_be {
        return None;
    }
    let text = normalize_quantity(text);
    let reader = FormReader { unit };
    let amount = reader.read_amount(&text);
    if let Some(known) = amount.as_ref().filter(|amount| amount.unit.is_known()) {
        return Some(SlotValue::Amount(known.clone()));
    }
    let others = [FormReader::read_limit, FormReader::read_tolerance, FormReader::read_range];
    let other = others.iter().find_map(|read| read(&reader, &text));
    other.or_else(|| amount.map(SlotValue::Amount))
}

/// Writes signs of typesetting as those that are read: superscripts as powers, fractions as ratios,
/// primes as quotes.
fn normalize_quantity(text: &str) -> String {
    if text.is_ascii() {
        return text.trim_end_matches('.').to_owned();
    }
    let mut written = String::with_capacity(text.len() + 8);
    let mut raised = false;
    for c in text.chars() {
        let digit = read_superscript(c);
        if digit.is_some() && !raised {
            written.push('^');
        }
        raised = digit.is_some();
        match (digit, c) {
            (Some(digit), _) => written.push(digit),
            (None, '¼' | '½' | '¾' | '⅛') => written.extend([' ', c]),
            (None, '″' | '”' | '“') => written.push('"'),
            (None, '′' | '’') => written.push('\''),
            (None, 'º') => written.push('°'),
            (None, other) => written.push(other),
        }
    }
    let written = normalize_marks(&written).replace('\u{2044}', "/");
    written.trim().trim_end_matches('.').to_owned()
}

fn read_superscript(c: char) -> Option<char> {
    Some(match c {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        '⁶' => '6',
        '⁷' => '7',
        '⁸' => '8',
        '⁹' => '9',
        '⁻' => '-',
        _ => return None,
    })
}

/// A number, and its unit as written.
type NumberWithUnit<'t> = (Number, &'t str);

/// Reads the forms of quantities, with a unit for numbers that have none.
struct FormReader<'u> {
    unit: Option<&'u str>,
}

impl FormReader<'_> {
    /// Reads `>= 3 g`, `max. 5 V` and `5 V max.`.
    fn read_limit(&self, text: &str) -> Option<SlotValue> {
        let behind_of = |start: &str| {
            let head = text.get(..start.len())?;
            head.eq_ignore_ascii_case(start).then(|| &text[start.len()..])
        };
        let before_of = |end: &str| {
            let at = text.len().checked_sub(end.len())?;
            let tail = text.get(at..)?;
            tail.eq_ignore_ascii_case(end).then(|| &text[..at])
        };
        if let Some(exact) = text.strip_prefix('=').filter(|rest| !rest.starts_with(['>', '<'])) {
            return self.read_amount(exact).map(SlotValue::Amount);
        }
        let before = BOUNDS.iter().find_map(|(sign, bound)| Some((*bound, behind_of(sign)?)));
        let behind =
            || BOUNDS_BEHIND.iter().find_map(|(sign, bound)| Some((*bound, before_of(sign)?)));
        let (bound, amount) = before.or_else(behind)?;
        let amount = self.read_amount(amount)?;
        Some(SlotValue::Limit { bound, amount })
    }

    /// Reads `10 ± 0.1 mm`, `10 mm +0.2/-0.1 mm`, `10 mm ± 1 %` and `±5 V`.
    fn read_tolerance(&self, text: &str) -> Option<SlotValue> {
        let inside = text.strip_prefix('(').and_then(|inside| inside.split_once(')'));
        if let Some((inside, unit)) = inside {
            let unit = Some(unit.trim()).filter(|unit| !unit.is_empty()).or(self.unit);
            return FormReader { unit }.read_tolerance(inside);
        }
        if let Some((nominal, by)) =
            ["±", "+/-", "+-", "-/+"].iter().find_map(|sign| text.split_once(sign))
        {
            return self.build_tolerance(nominal, by, by);
        }
        let (nominal, by) =
            text.split_once('+').filter(|(nominal, _)| !nominal.trim().is_empty())?;
        let (plus, minus) = by.split_once('-')?;
        self.build_tolerance(nominal, plus.trim().trim_end_matches(['/', ',', ';']), minus)
    }

    fn build_tolerance(&self, nominal: &str, plus: &str, minus: &str) -> Option<SlotValue> {
        let (plus, minus) = (read_written(plus)?, read_written(minus)?);
        let plus_unit = if plus.1.is_empty() { minus.1 } else { plus.1 };
        if nominal.trim().is_empty() {
            let unit = self.unit_of(plus_unit, "");
            return tolerance_of(None, &unit, plus.0, minus.0);
        }
        let written = read_written(nominal)?;
        // 1 % of 10 kΩ is 0.1 kΩ.
        let own = if written.1.is_empty() { self.unit.unwrap_or_default() } else { written.1 };
        if plus_unit == "%" && !matches!(own, "" | "%") {
            let nominal = self.amount(written, "")?;
            let share = |percent: &Number| nominal.base.abs() * percent.value / 100.0;
            let (plus, minus) = (share(&plus.0), share(&minus.0));
            return Some(SlotValue::Tolerance {
                unit: nominal.unit.key.clone(),
                nominal: Some(nominal),
                plus,
                minus,
            });
        }
        let unit = self.unit_of(plus_unit, written.1);
        let nominal = self.amount(written, plus_unit)?;
        tolerance_of(Some(nominal), &unit, plus.0, minus.0)
    }

    /// Adds a tolerance that was given separately.
    fn with_tolerance(&self, nominal: &str, tolerance: &str) -> Option<SlotValue> {
        let by = tolerance.trim().trim_start_matches('±').trim_start_matches("+/-");
        match by.strip_prefix('+').and_then(|by| by.split_once('-')) {
            Some((plus, minus)) => {
                let plus = plus.trim().trim_end_matches(['/', ',', ';']);
                self.build_tolerance(nominal, plus, minus)
            }
            None => self.build_tolerance(nominal, by, by),
        }
    }

    /// Reads `5..7 V`, `5 V to 7 V`, `5-7 V` and `[5, 7] V`.
    fn read_range(&self, text: &str) -> Option<SlotValue> {
        let listed = text.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        if let Some((inside, unit)) = listed {
            let (low, high) = inside.split_once([',', ';'])?;
            let unit = Some(unit.trim()).filter(|unit| !unit.is_empty()).or(self.unit);
            return FormReader { unit }.build_range(low, high);
        }
        let between = text.strip_prefix("between ").and_then(|text| text.split_once(" and "));
        let text = text.strip_prefix("from ").unwrap_or(text);
        let marked = || ["...", "..", " to "].iter().find_map(|mark| text.split_once(mark));
        if let Some((low, high)) = between.or_else(marked) {
            return self.build_range(low, high);
        }
        let behind = read_number(text)?.1;
        let (unit, high) = behind.split_once('-')?;
        self.build_range(&text[..text.len() - behind.len() + unit.len()], high)
    }

    fn build_range(&self, low: &str, high: &str) -> Option<SlotValue> {
        let (low, high) = (read_written(low)?, read_written(high)?);
        let is_ordinal = low.0.needs_unit && low.1.is_empty() && high.1.is_empty();
        if is_ordinal && self.unit.is_none() {
            return None;
        }
        let (low_unit, high_unit) = (low.1, high.1);
        let low = self.amount(low, high_unit)?;
        let high = self.amount(high, low_unit)?;
        let ascends = low.unit.key == high.unit.key && low.base <= high.base;
        ascends.then_some(SlotValue::Range { low, high })
    }

    fn read_amount(&self, text: &str) -> Option<Amount> {
        let written = read_written(text)?;
        let is_text = written.0.needs_unit && written.1.is_empty() && self.unit.is_none();
        if is_text { None } else { self.amount(written, "") }
    }

    fn amount(&self, (number, own): NumberWithUnit<'_>, other: &str) -> Option<Amount> {
        Amount::new(number, self.unit_of(own, other))
    }

    /// Returns the first unit that is given.
    fn unit_of(&self, own: &str, other: &str) -> Unit {
        let given = [own, other, self.unit.unwrap_or_default()];
        match given.iter().find(|unit| !unit.trim().is_empty()) {
            Some(unit) => Unit::read(unit),
            None => Unit::of_number(),
        }
    }
}

/// Splits a text into a number and its unit.
fn read_written(text: &str) -> Option<NumberWithUnit<'_>> {
    let (number, unit) = read_number(text.trim())?;
    let is_unit =
        |c: char| c.is_alphabetic() || matches!(c, '%' | '°' | '"' | '\'' | '/' | '[' | '(');
    let unit = unit.trim();
    let fits = unit.is_empty() || unit.starts_with(is_unit) || unit.starts_with("1/");
    fits.then_some((number, unit))
}

fn tolerance_of(
    nominal: Option<Amount>,
    unit: &Unit,
    plus: Number,
    minus: Number,
) -> Option<SlotValue> {
    let (plus, minus) = (plus.value * unit.factor, minus.value.abs() * unit.factor);
    let fits = nominal.as_ref().is_none_or(|nominal| nominal.unit.key == unit.key);
    (fits && plus.is_finite() && minus.is_finite()).then(|| SlotValue::Tolerance {
        nominal,
        plus,
        minus,
        unit: unit.key.clone(),
    })
}

/// Reads a value with a tolerance next to it.
pub fn read_tolerated(value: &str, tolerance: &str, unit: Option<&str>) -> Option<SlotValue> {
    let (value, tolerance) =
        (normalize_quantity(value.trim()), normalize_quantity(tolerance.trim()));
    FormReader { unit }.with_tolerance(&value, &tolerance)
}

/// Reads a range of two bounds that are given separately.
pub fn read_bounds(low: &str, high: &str, unit: Option<&str>) -> Option<SlotValue> {
    let (low, high) = (normalize_quantity(low.trim()), normalize_quantity(high.trim()));
    FormReader { unit }.build_range(&low, &high)
}

/// Finds the bound that an operator in a property names; `None` for equality.
pub fn find_bound(operator: &str) -> Option<Bound> {
    let operator = fold_name(operator);
    let is_named = |(sign, _): &&(&str, Bound)| sign.trim() == operator;
    BOUNDS.iter().find(is_named).map(|(_, bound)| *bound)
}
