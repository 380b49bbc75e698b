//! Units: the scale and the dimension of a spelling such as `kg·m²` or `µm/(m·K)`.
//!
//! The table of UCUM (crate `ucum-units`) has the units, their factors and their dimensions;
//! `spellings` maps the spellings of engineers to its codes.

use std::collections::HashMap;
use std::sync::LazyLock;

use ucum::Dimension;

use super::spellings::{
    DENOMINATORS, PLAIN_SYMBOLS, PLAIN_WORDS, PREFIXED_SYMBOLS, PREFIXED_WORDS, PREFIXES,
    QUALIFIERS, Spelling, WORD_PREFIXES,
};
use crate::model::text::fold_name;

/// The maximum length of a unit in bytes.
const MAX_UNIT: usize = 64;
/// The largest power of a unit.
const MAX_POWER: i8 = 9;

/// A scale, and a key of the dimension: quantities of one key can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    pub factor: f64,
    /// Added after the factor, for temperatures in °C and °F.
    pub offset: f64,
    pub key: String,
}

impl Unit {
    /// Returns the unit of a bare number.
    pub fn of_number() -> Self {
        Self { factor: 1.0, offset: 0.0, key: "1".to_owned() }
    }

    /// Whether the unit is in the table; else it is compared by its words.
    pub fn is_known(&self) -> bool {
        !self.key.starts_with('"')
    }

    /// Whether the text is a symbol whose prefix is another one in the other case, such as `mW`.
    pub fn is_case_sensitive(text: &str) -> bool {
        text.len() <= 6
            && text.strip_prefix(['m', 'M']).is_some_and(|symbol| PREFIXED.contains_key(symbol))
    }

    /// Reads a unit; an unknown one is compared by its words.
    pub fn read(text: &str) -> Self {
        read_known(text).unwrap_or_else(|| {
            let key = format!("{:?}", fold_name(text));
            Self { key, ..Self::of_number() }
        })
    }
}

/// The factors and marks of a unit or of a product of units.
#[derive(Debug, Clone, PartialEq)]
struct Product {
    factor: f64,
    offset: f64,
    dimension: Dimension,
    marks: Vec<(&'static str, i8)>,
}

impl Product {
    const ONE: Self =
        Self { factor: 1.0, offset: 0.0, dimension: Dimension::DIMENSIONLESS, marks: Vec::new() };

    fn scaled(&self, factor: f64) -> Self {
        Self { factor: self.factor * factor, offset: 0.0, ..self.clone() }
    }

    fn powered(&self, power: i8) -> Option<Self> {
        let marks = self.marks.iter().map(|(mark, times)| Some((*mark, times.checked_mul(power)?)));
        Some(Self {
            factor: self.factor.powi(i32::from(power)),
            offset: if power == 1 { self.offset } else { 0.0 },
            dimension: self.dimension.powi(power),
            marks: marks.collect::<Option<_>>()?,
        })
    }

    /// Multiplies two units; a temperature in a product is a difference.
    fn times(mut self, other: &Self) -> Option<Self> {
        let is_first = self == Self::ONE;
        self.factor *= other.factor;
        self.offset = if is_first { other.offset } else { 0.0 };
        self.dimension = self.dimension.mul(other.dimension);
        for (mark, times) in &other.marks {
            match self.marks.iter_mut().find(|(known, _)| known == mark) {
                Some((_, sum)) => *sum = sum.checked_add(*times)?,
                None => self.marks.push((mark, *times)),
            }
        }
        Some(self)
    }

    fn into_unit(mut self) -> Unit {
        let mut key = self.dimension.to_string();
        self.marks.retain(|(_, times)| *times != 0);
        self.marks.sort_unstable();
        for (mark, times) in self.marks {
            key.push_str(&format!(" {mark}{times}"));
        }
        Unit { factor: self.factor, offset: self.offset, key }
    }
}

type UnitNames = HashMap<&'static str, Product>;

static PREFIXED: LazyLock<UnitNames> = LazyLock::new(|| collect_names(PREFIXED_SYMBOLS));
static PLAIN: LazyLock<UnitNames> = LazyLock::new(|| collect_names(PLAIN_SYMBOLS));
static WORDS: LazyLock<UnitNames> = LazyLock::new(|| collect_names(PLAIN_WORDS));
static LONG_WORDS: LazyLock<UnitNames> = LazyLock::new(|| collect_names(PREFIXED_WORDS));

fn collect_names(table: &[Spelling]) -> UnitNames {
    let mut names = UnitNames::new();
    for (spellings, code, mark) in table {
        // A test checks that UCUM knows each code.
        let Some(unit) = analyze_code(code, mark) else { continue };
        names.extend(spellings.iter().map(|spelling| (*spelling, unit.clone())));
    }
    names
}

fn analyze_code(code: &str, mark: &'static str) -> Option<Product> {
    let found = ucum::analyze(code).ok().filter(|found| found.factor.is_finite())?;
    let marks = if mark.is_empty() { Vec::new() } else { vec![(mark, 1)] };
    let (factor, offset, dimension) = (found.factor, found.offset, found.dimension);
    Some(Product { factor, offset, dimension, marks })
}

fn read_known(text: &str) -> Option<Unit> {
    let text = text.trim();
    if text.len() > MAX_UNIT {
        return None;
    }
    let text = join_degrees(text);
    let mut reader = UnitReader { rest: &text, numerator: "" };
    let product = reader.read_product()?;
    let is_sound = product.factor.is_finite() && product.factor != 0.0;
    (reader.rest.is_empty() && is_sound).then(|| product.into_unit())
}

/// Joins `deg C` and `° C`.
fn join_degrees(text: &str) -> String {
    let behind =
        ["degrees ", "degree ", "deg ", "° "].iter().find_map(|start| text.strip_prefix(start));
    let scale = behind.and_then(|behind| {
        let word = behind.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let letter = match word {
            "C" | "celsius" | "Celsius" => "°C",
            "F" | "fahrenheit" | "Fahrenheit" => "°F",
            "K" => "K",
            _ => return None,
        };
        Some(format!("{letter}{}", &behind[word.len()..]))
    });
    scale.unwrap_or_else(|| text.to_owned())
}

/// Reads products, quotients, powers and parentheses.
struct UnitReader<'t> {
    rest: &'t str,
    /// The first unit, which decides how `mK` below a fraction bar is read.
    numerator: &'t str,
}

impl<'t> UnitReader<'t> {
    /// Reads up to the end or a closing parenthesis. All units behind a fraction bar divide, as in
    /// `µm/m·K`.
    fn read_product(&mut self) -> Option<Product> {
        let mut product = Product::ONE;
        let mut sign = 1;
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| is_times(c) || c == ' ');
            if let Some(behind) = self.rest.strip_prefix('/') {
                sign = -1;
                self.rest = behind;
                continue;
            }
            if self.rest.is_empty() || self.rest.starts_with(')') {
                return Some(product);
            }
            let factor = match self.rest.strip_prefix('(') {
                Some(inside) => self.read_group(inside)?,
                None => self.read_symbol(sign)?,
            };
            let power = self.read_power()?;
            product = product.times(&factor.powered(sign.checked_mul(power)?)?)?;
        }
    }

    fn read_group(&mut self, inside: &'t str) -> Option<Product> {
        self.rest = inside;
        let product = self.read_product()?;
        self.rest = self.rest.strip_prefix(')')?;
        Some(product)
    }

    fn read_symbol(&mut self, sign: i8) -> Option<Product> {
        if let Some(behind) = self.rest.strip_prefix('1') {
            self.rest = behind;
            return Some(Product::ONE);
        }
        let start = self.rest;
        if let Some(bracketed) = self.read_ucum() {
            return Some(bracketed);
        }
        let word_end = |c: char| is_times(c) || matches!(c, ' ' | '/' | '(' | ')');
        let word = &start[..start.find(word_end).unwrap_or(start.len())];
        if let Some(product) = PLAIN.get(word).cloned().or_else(|| self.read_joined(word, sign)) {
            self.rest = &start[word.len()..];
            return Some(product);
        }
        let ends = |c: char| word_end(c) || c.is_ascii_digit() || matches!(c, '^' | '-' | '+');
        let symbol = &start[..start.find(ends).unwrap_or(start.len())];
        if self.numerator.is_empty() {
            self.numerator = symbol;
        }
        let (symbol, product) = match find_symbol(symbol) {
            Some(product) => (symbol, product),
            // A qualifier may contain a hyphen.
            None => (word, find_qualifier(word)?),
        };
        self.rest = &start[symbol.len()..];
        Some(product)
    }

    /// Reads an atom of UCUM in brackets, such as `[lb_av]`.
    fn read_ucum(&mut self) -> Option<Product> {
        let end = self.rest.starts_with('[').then(|| self.rest.find(']')).flatten()? + 1;
        let product = analyze_code(&self.rest[..end], "")?;
        self.rest = &self.rest[end..];
        Some(product)
    }

    fn read_joined(&self, word: &str, sign: i8) -> Option<Product> {
        let (_, parts) = DENOMINATORS.iter().find(|(joined, _)| *joined == word)?;
        // mK is the millikelvin but in W/mK.
        let is_meant = sign < 0 && (word != "mK" || self.numerator.ends_with('W'));
        let read = |part: &&str| UnitReader { rest: part, numerator: "" }.read_product();
        let mut parts = parts.iter().filter(|_| is_meant).map(read);
        let first = parts.next()??;
        parts.try_fold(first, |product, part| product.times(&part?))
    }

    /// Reads `2`, `^2`, `**2` or `-1` behind a unit.
    fn read_power(&mut self) -> Option<i8> {
        let (mark, behind) = match self.rest.strip_prefix("**").or(self.rest.strip_prefix('^')) {
            Some(behind) => (true, behind),
            None => (false, self.rest),
        };
        let unsigned = behind.strip_prefix('-').unwrap_or(behind);
        let signed = behind.len() - unsigned.len();
        let digits = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
        if digits == 0 {
            return (!mark && signed == 0).then_some(1);
        }
        let power: i8 = behind[..signed + digits].parse().ok()?;
        self.rest = &behind[signed + digits..];
        (-MAX_POWER..=MAX_POWER).contains(&power).then_some(power).filter(|power| *power != 0)
    }
}

fn is_times(c: char) -> bool {
    matches!(c, '*' | '·' | '⋅' | '×' | '.' | '•')
}

fn find_symbol(symbol: &str) -> Option<Product> {
    let known = |symbol: &str| PLAIN.get(symbol).or_else(|| PREFIXED.get(symbol)).cloned();
    let prefixed = || {
        PREFIXES.iter().find_map(|(prefix, factor)| {
            let unit = PREFIXED.get(symbol.strip_prefix(prefix)?)?;
            Some(unit.scaled(*factor))
        })
    };
    known(symbol).or_else(prefixed).or_else(|| find_word(symbol)).or_else(|| find_suffixed(symbol))
}

fn find_word(symbol: &str) -> Option<Product> {
    if symbol.chars().count() < 3 {
        return None;
    }
    let word = symbol.to_lowercase();
    let known = WORDS.get(&*word).or_else(|| LONG_WORDS.get(&*word)).cloned();
    known.or_else(|| {
        WORD_PREFIXES.iter().find_map(|(prefix, factor)| {
            let unit = LONG_WORDS.get(word.strip_prefix(prefix)?)?;
            Some(unit.scaled(*factor))
        })
    })
}

/// Finds a unit with a qualifier joined to it, such as `Vrms` and `mVpp`.
fn find_suffixed(symbol: &str) -> Option<Product> {
    QUALIFIERS.iter().find_map(|(suffix, _)| {
        let at = symbol.len().checked_sub(suffix.len())?;
        let tail = symbol.get(at..)?;
        let unit = &symbol[..at];
        let is_electric = unit.ends_with(['V', 'A', 'W']) && tail.eq_ignore_ascii_case(suffix);
        is_electric.then(|| find_symbol(unit)?.times(&find_qualifier(suffix)?)).flatten()
    })
}

fn find_qualifier(word: &str) -> Option<Product> {
    let word = word.to_lowercase();
    let (_, mark) = QUALIFIERS.iter().find(|(spelling, _)| *spelling == word)?;
    let marks = if mark.is_empty() { Vec::new() } else { vec![(*mark, 1)] };
    Some(Product { marks, ..Product::ONE })
}
