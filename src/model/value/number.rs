//! Numbers as engineers write them: decimal points and commas, groups of three digits, powers of ten
//! and fractions.

/// The maximum length of a number in bytes.
const MAX_NUMBER: usize = 64;
/// The significant digits to which measured numbers are compared.
pub const SIGNIFICANT: usize = 12;

/// A number as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    pub value: f64,
    /// The digits of a whole number with more than [`SIGNIFICANT`] of them, which is compared exactly.
    pub exact: Option<String>,
    /// Whether it may be a number only with a unit: `1.20` may be a version, and `1/2` a part.
    pub needs_unit: bool,
}

/// The digits before and after the decimal mark.
#[derive(Debug, Default)]
struct Digits {
    whole: String,
    decimals: String,
}

/// Splits a text into its leading number and the rest; `None` for texts that only begin like a
/// number, such as the version `1.20.3`, the part number `007` or the time `10:30`.
pub fn read_number(text: &str) -> Option<(Number, &str)> {
    let (sign, unsigned) = read_sign(text);
    let (digits, rest) = read_digits(unsigned)?;
    let (digits, fraction, rest) = read_fraction(digits, rest);
    let (exponent, rest) = read_exponent(&digits, rest);
    let is_padded = digits.whole.len() > 1 && digits.whole.starts_with('0');
    let goes_on = rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | ':'))
        && !rest.starts_with("..");
    if is_padded || goes_on || text.len() - rest.len() > MAX_NUMBER {
        return None;
    }
    let Digits { whole, decimals } = &digits;
    let magnitude: f64 = format!("0{whole}.{decimals}e{exponent}").parse().ok()?;
    let value = sign * (magnitude + fraction.unwrap_or_default());
    let trailing_zero = decimals.ends_with('0') && exponent == 0;
    let exact = exact_digits(&digits, exponent).map(|digits| match sign < 0.0 {
        true => format!("-{digits}"),
        false => digits,
    });
    let needs_unit = trailing_zero || fraction.is_some();
    value.is_finite().then_some((Number { value, exact, needs_unit }, rest))
}

fn read_sign(text: &str) -> (f64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, text.strip_prefix('+').map_or(text, str::trim_start)),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn read_digits(text: &str) -> Option<(Digits, &str)> {
    let (first, mut rest) = split_digits(text);
    let mut digits = Digits { whole: first.to_owned(), decimals: String::new() };
    let mut group_mark = None;
    while let Some((mark, group, behind)) = next_group(&digits, group_mark, rest) {
        digits.whole.push_str(group);
        group_mark = Some(mark);
        rest = behind;
    }
    let decimal_mark =
        rest.chars().next().filter(|c| matches!(c, '.' | ',') && Some(*c) != group_mark);
    if decimal_mark.is_some() {
        let (decimals, behind) = split_digits(&rest[1..]);
        if !decimals.is_empty() {
            decimals.clone_into(&mut digits.decimals);
            rest = behind;
        }
    }
    (!digits.whole.is_empty() || !digits.decimals.is_empty()).then_some((digits, rest))
}

/// Returns the next group of three digits with the mark before it. A single point is decimal, and so
/// is a comma behind a zero.
fn next_group<'t>(
    before: &Digits,
    known: Option<char>,
    rest: &'t str,
) -> Option<(char, &'t str, &'t str)> {
    let mark = rest.chars().next().filter(|c| matches!(c, ' ' | '\'' | '_' | ',' | '.'))?;
    let (group, behind) = split_digits(&rest[1..]);
    let fits = match known {
        Some(known) => known == mark,
        None => matches!(before.whole.len(), 1..=3) && !before.whole.starts_with('0'),
    };
    // 1.234,5 is written with points; 1.234 is not, nor is 1.234.567.
    let is_group = mark != '.' || ends_with_comma(rest);
    (fits && is_group && group.len() == 3).then_some((mark, group, behind))
}

/// Whether the text is groups of a point and three digits, and then a decimal comma.
fn ends_with_comma(text: &str) -> bool {
    let mut rest = text;
    while let Some(behind) = rest.strip_prefix('.') {
        let (group, after) = split_digits(behind);
        if group.len() != 3 {
            return false;
        }
        rest = after;
    }
    rest.strip_prefix(',').is_some_and(|behind| behind.starts_with(|c: char| c.is_ascii_digit()))
}

/// Reads `/2` after `1`, and ` 1/2` after `1`: a fraction, or a whole number with one.
fn read_fraction(digits: Digits, rest: &str) -> (Digits, Option<f64>, &str) {
    let whole_only = digits.decimals.is_empty();
    if let Some((ratio, behind)) = read_ratio(&digits.whole, rest).filter(|_| whole_only) {
        return (Digits::default(), Some(ratio), behind);
    }
    let (above, behind) = split_digits(rest.strip_prefix(' ').unwrap_or_default());
    match read_ratio(above, behind).filter(|(ratio, _)| whole_only && *ratio < 1.0) {
        Some((ratio, behind)) => (digits, Some(ratio), behind),
        None => (digits, None, rest),
    }
}

fn read_ratio<'t>(above: &str, rest: &'t str) -> Option<(f64, &'t str)> {
    let (below, behind) = split_digits(rest.strip_prefix('/')?);
    let (above, below): (u32, u32) = (above.parse().ok()?, below.parse().ok()?);
    let ends = !behind.starts_with(['/', '.', ',', '-']);
    (below > 0 && ends).then(|| (f64::from(above) / f64::from(below), behind))
}

/// Reads the power of ten in `1e3`, `1x10^3`, `1·10^3` and `10^3`.
fn read_exponent<'t>(digits: &Digits, rest: &'t str) -> (i32, &'t str) {
    let is_ten = digits.whole == "10" && digits.decimals.is_empty();
    let raised = |text: &'t str| text.strip_prefix("10^");
    let behind = if let Some(behind) = rest.strip_prefix(['e', 'E']) {
        Some(behind)
    } else if is_ten && rest.starts_with('^') {
        // 10^3 is 10 times 10^2.
        return match read_power(&rest[1..]) {
            Some((power, behind)) => (power - 1, behind),
            None => (0, rest),
        };
    } else {
        let times = rest.trim_start().strip_prefix(['x', '×', '·', '*', '⋅']);
        times.and_then(|behind| raised(behind.trim_start()))
    };
    behind.and_then(read_power).unwrap_or((0, rest))
}

fn read_power(text: &str) -> Option<(i32, &str)> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, rest) = split_digits(unsigned);
    let power: i32 = digits.parse().ok().filter(|power| *power <= 400)?;
    Some((if negative { -power } else { power }, rest))
}

fn exact_digits(digits: &Digits, exponent: i32) -> Option<String> {
    let is_whole = exponent == 0 && digits.decimals.bytes().all(|digit| digit == b'0');
    let significant = digits.whole.trim_end_matches('0').len();
    (is_whole && significant > SIGNIFICANT).then(|| digits.whole.clone())
}
