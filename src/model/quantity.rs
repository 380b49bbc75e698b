//! Quantities: a number and a unit in comparable form, so that 10 mm equals 1 cm.
//!
//! Units, prefixes and factors are those of the SI Brochure (9th edition, 2019, tables 2, 4, 7 and
//! 8) and of NIST Special Publication 811 (2008, appendix B) for the others. A unit is a product of
//! symbols with powers, as in `N·m`, `kg/m^3` or `m/s²`.

/// Powers of metre, kilogram, second, ampere, kelvin, mole, candela, radian and bit.
type Dimension = [i8; 9];

/// A quantity in base units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    value: f64,
    dimension: Dimension,
}

struct Unit {
    symbols: &'static [&'static str],
    factor: f64,
    dimension: Dimension,
    prefixes: bool,
}

const fn new_unit(symbols: &'static [&'static str], factor: f64, dimension: Dimension) -> Unit {
    Unit { symbols, factor, dimension, prefixes: false }
}

const fn metric_unit(symbols: &'static [&'static str], factor: f64, dimension: Dimension) -> Unit {
    Unit { symbols, factor, dimension, prefixes: true }
}

const NONE: Dimension = [0; 9];
const LENGTH: Dimension = [1, 0, 0, 0, 0, 0, 0, 0, 0];
const MASS: Dimension = [0, 1, 0, 0, 0, 0, 0, 0, 0];
const TIME: Dimension = [0, 0, 1, 0, 0, 0, 0, 0, 0];
const TEMPERATURE: Dimension = [0, 0, 0, 0, 1, 0, 0, 0, 0];
const ANGLE: Dimension = [0, 0, 0, 0, 0, 0, 0, 1, 0];
const INFORMATION: Dimension = [0, 0, 0, 0, 0, 0, 0, 0, 1];
const FORCE: Dimension = [1, 1, -2, 0, 0, 0, 0, 0, 0];
const PRESSURE: Dimension = [-1, 1, -2, 0, 0, 0, 0, 0, 0];
const ENERGY: Dimension = [2, 1, -2, 0, 0, 0, 0, 0, 0];
const POWER: Dimension = [2, 1, -3, 0, 0, 0, 0, 0, 0];

const UNITS: &[Unit] = &[
    metric_unit(&["m", "meter", "meters", "metre", "metres"], 1.0, LENGTH),
    metric_unit(&["g", "gram", "grams"], 1e-3, MASS),
    metric_unit(&["s", "sec", "second", "seconds"], 1.0, TIME),
    metric_unit(&["A", "ampere", "amperes"], 1.0, [0, 0, 0, 1, 0, 0, 0, 0, 0]),
    metric_unit(&["K", "kelvin"], 1.0, TEMPERATURE),
    metric_unit(&["mol"], 1.0, [0, 0, 0, 0, 0, 1, 0, 0, 0]),
    metric_unit(&["cd"], 1.0, [0, 0, 0, 0, 0, 0, 1, 0, 0]),
    metric_unit(&["lm"], 1.0, [0, 0, 0, 0, 0, 0, 1, 0, 0]),
    metric_unit(&["lx"], 1.0, [-2, 0, 0, 0, 0, 0, 1, 0, 0]),
    metric_unit(&["rad"], 1.0, ANGLE),
    metric_unit(&["sr"], 1.0, NONE),
    metric_unit(&["Hz", "hertz"], 1.0, [0, 0, -1, 0, 0, 0, 0, 0, 0]),
    metric_unit(&["N", "newton", "newtons"], 1.0, FORCE),
    metric_unit(&["Pa", "pascal"], 1.0, PRESSURE),
    metric_unit(&["J", "joule", "joules"], 1.0, ENERGY),
    metric_unit(&["W", "watt", "watts"], 1.0, POWER),
    metric_unit(&["C", "coulomb"], 1.0, [0, 0, 1, 1, 0, 0, 0, 0, 0]),
    metric_unit(&["V", "volt", "volts"], 1.0, [2, 1, -3, -1, 0, 0, 0, 0, 0]),
    metric_unit(&["F", "farad"], 1.0, [-2, -1, 4, 2, 0, 0, 0, 0, 0]),
    metric_unit(&["Ω", "\u{2126}", "ohm", "ohms"], 1.0, [2, 1, -3, -2, 0, 0, 0, 0, 0]),
    metric_unit(&["S", "siemens"], 1.0, [-2, -1, 3, 2, 0, 0, 0, 0, 0]),
    metric_unit(&["Wb"], 1.0, [2, 1, -2, -1, 0, 0, 0, 0, 0]),
    metric_unit(&["T", "tesla"], 1.0, [0, 1, -2, -1, 0, 0, 0, 0, 0]),
    metric_unit(&["H", "henry"], 1.0, [2, 1, -2, -2, 0, 0, 0, 0, 0]),
    metric_unit(&["Gy", "Sv"], 1.0, [2, 0, -2, 0, 0, 0, 0, 0, 0]),
    metric_unit(
        &["L", "l", "liter", "liters", "litre", "litres"],
        1e-3,
        [3, 0, 0, 0, 0, 0, 0, 0, 0],
    ),
    metric_unit(&["bar"], 1e5, PRESSURE),
    metric_unit(&["eV"], 1.602_176_634e-19, ENERGY),
    metric_unit(&["Wh"], 3600.0, ENERGY),
    metric_unit(&["Ah"], 3600.0, [0, 0, 1, 1, 0, 0, 0, 0, 0]),
    metric_unit(&["t", "tonne", "tonnes"], 1e3, MASS),
    metric_unit(&["bit", "bits"], 1.0, INFORMATION),
    metric_unit(&["bps"], 1.0, [0, 0, -1, 0, 0, 0, 0, 0, 1]),
    metric_unit(&["B", "byte", "bytes"], 8.0, INFORMATION),
    new_unit(&["KiB"], 8.0 * 1024.0, INFORMATION),
    new_unit(&["MiB"], 8.0 * 1024.0 * 1024.0, INFORMATION),
    new_unit(&["GiB"], 8.0 * 1024.0 * 1024.0 * 1024.0, INFORMATION),
    new_unit(&["min", "minute", "minutes"], 60.0, TIME),
    new_unit(&["h", "hr", "hour", "hours"], 3600.0, TIME),
    new_unit(&["d", "day", "days"], 86_400.0, TIME),
    new_unit(&["week", "weeks"], 604_800.0, TIME),
    new_unit(&["%", "percent"], 1e-2, NONE),
    new_unit(&["ppm"], 1e-6, NONE),
    new_unit(&["°", "deg", "degree", "degrees"], std::f64::consts::PI / 180.0, ANGLE),
    new_unit(&["arcmin"], std::f64::consts::PI / 10_800.0, ANGLE),
    new_unit(&["arcsec"], std::f64::consts::PI / 648_000.0, ANGLE),
    new_unit(&["rev"], 2.0 * std::f64::consts::PI, ANGLE),
    new_unit(&["rpm"], std::f64::consts::PI / 30.0, [0, 0, -1, 0, 0, 0, 0, 1, 0]),
    new_unit(&["in", "inch", "inches"], 0.0254, LENGTH),
    new_unit(&["ft", "foot", "feet"], 0.3048, LENGTH),
    new_unit(&["yd"], 0.9144, LENGTH),
    new_unit(&["mi", "mile", "miles"], 1609.344, LENGTH),
    new_unit(&["nmi"], 1852.0, LENGTH),
    new_unit(&["lb", "lbs", "lbm"], 0.453_592_37, MASS),
    new_unit(&["oz"], 0.028_349_523_125, MASS),
    new_unit(&["lbf"], 4.448_221_615_260_5, FORCE),
    new_unit(&["kgf"], 9.806_65, FORCE),
    new_unit(&["psi"], 6_894.757_293_168_36, PRESSURE),
    new_unit(&["atm"], 101_325.0, PRESSURE),
    new_unit(&["Torr", "torr", "mmHg"], 101_325.0 / 760.0, PRESSURE),
    new_unit(&["cal"], 4.184, ENERGY),
    new_unit(&["BTU"], 1_055.055_852_62, ENERGY),
    new_unit(&["hp"], 745.699_871_582_270_2, POWER),
];

const PREFIXES: &[(&str, f64)] = &[
    ("Q", 1e30),
    ("R", 1e27),
    ("Y", 1e24),
    ("Z", 1e21),
    ("E", 1e18),
    ("P", 1e15),
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("h", 1e2),
    ("da", 1e1),
    ("d", 1e-1),
    ("c", 1e-2),
    ("m", 1e-3),
    ("µ", 1e-6),
    ("μ", 1e-6),
    ("u", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
    ("a", 1e-18),
    ("z", 1e-21),
    ("y", 1e-24),
    ("r", 1e-27),
    ("q", 1e-30),
    ("kilo", 1e3),
    ("mega", 1e6),
    ("giga", 1e9),
    ("centi", 1e-2),
    ("milli", 1e-3),
    ("micro", 1e-6),
    ("nano", 1e-9),
];

impl Quantity {
    pub fn new(value: f64, unit: &str) -> Option<Self> {
        let unit = unit.trim();
        let celsius = ["°C", "degC", "Celsius", "celsius", "℃"];
        let fahrenheit = ["°F", "degF", "Fahrenheit", "fahrenheit", "℉"];
        if celsius.contains(&unit) {
            return Some(Self { value: value + 273.15, dimension: TEMPERATURE });
        }
        if fahrenheit.contains(&unit) {
            return Some(Self { value: (value + 459.67) / 1.8, dimension: TEMPERATURE });
        }
        let (factor, dimension) = parse_unit(unit)?;
        Some(Self { value: value * factor, dimension })
    }

    /// Parses a number and a unit, as in `10 mm` or `1.5e3 kg/m^3`.
    pub fn parse(text: &str) -> Option<Self> {
        let (value, unit) = split_number(text)?;
        Self::new(value, unit)
    }

    /// Returns the comparison key: equal for quantities that are equal to 12 significant digits.
    pub fn key(&self) -> String {
        let value = if self.value == 0.0 { 0.0 } else { self.value };
        let dimension: Vec<String> = self.dimension.iter().map(i8::to_string).collect();
        format!("{value:.11e} [{}]", dimension.join(","))
    }
}

/// The maximum length of a number in characters.
const MAX_NUMBER: usize = 64;

/// Splits the text into its leading number and the rest. Rejects texts that only begin like a
/// number, as the version `1.20.3` or the part number `007`.
pub fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | 'e' | 'E');
    let end = text.find(|c| !numeric(c)).unwrap_or(text.len());
    if end > MAX_NUMBER {
        return None;
    }
    let (number, value) = (1..=end).rev().find_map(|end| {
        let value: f64 = text[..end].parse().ok()?;
        Some((&text[..end], value))
    })?;
    let rest = &text[number.len()..];
    let digits = number.trim_start_matches(['+', '-']);
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let goes_on = rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    (value.is_finite() && !padded && !goes_on).then(|| (value, rest.trim()))
}

fn parse_unit(text: &str) -> Option<(f64, Dimension)> {
    let mut factor = 1.0;
    let mut dimension = NONE;
    let mut sign = 1;
    let mut rest = text;
    while !rest.is_empty() {
        let separator = |c: char| matches!(c, '/' | '*' | '·' | '⋅' | '.' | ' ');
        let end = rest.find(separator).unwrap_or(rest.len());
        if end > 0 {
            let (part, power) = split_power(&rest[..end])?;
            let (symbol_factor, symbol_dimension) = find_symbol(part)?;
            let power = sign * power;
            factor *= f64::powi(symbol_factor, i32::from(power));
            for (sum, step) in dimension.iter_mut().zip(symbol_dimension) {
                *sum = sum.checked_add(step.checked_mul(power)?)?;
            }
        }
        let mut behind = rest[end..].chars();
        if behind.next() == Some('/') {
            sign = -1;
        }
        rest = behind.as_str();
    }
    Some((factor, dimension))
}

/// Splits `m²`, `m^2`, `m2` or `s-1` into symbol and power.
fn split_power(part: &str) -> Option<(&str, i8)> {
    for (mark, power) in [("²", 2), ("³", 3), ("⁴", 4), ("⁻¹", -1), ("⁻²", -2)] {
        if let Some(symbol) = part.strip_suffix(mark) {
            return Some((symbol, power));
        }
    }
    let start = part.find(|c: char| c.is_ascii_digit() || c == '-' || c == '^');
    let Some(start) = start else {
        return Some((part, 1));
    };
    let power: i8 = part[start..].trim_start_matches('^').parse().ok()?;
    (1..=9).contains(&power.abs()).then_some((&part[..start], power))
}

fn find_symbol(symbol: &str) -> Option<(f64, Dimension)> {
    let named = |wanted: &str, prefixed: bool| {
        UNITS.iter().find(|unit| (!prefixed || unit.prefixes) && unit.symbols.contains(&wanted))
    };
    if let Some(unit) = named(symbol, false) {
        return Some((unit.factor, unit.dimension));
    }
    PREFIXES.iter().find_map(|(prefix, factor)| {
        let unit = named(symbol.strip_prefix(prefix)?, true)?;
        Some((factor * unit.factor, unit.dimension))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Quantity::parse(text).unwrap_or_else(|| panic!("{text} is a quantity")).key()
    }

    #[test]
    fn equal_quantities_have_equal_keys() {
        for (a, b) in [
            ("10 mm", "1 cm"),
            ("10mm", "0.01 m"),
            ("1 in", "25.4 mm"),
            ("1 kg/m^3", "0.001 g/cm³"),
            ("5 N·m", "5 N*m"),
            ("20 °C", "293.15 K"),
            ("68 °F", "20 °C"),
            ("100 %", "1"),
            ("1 kWh", "3.6 MJ"),
            ("60 rpm", "1 rev/s"),
            ("1 kB", "8000 bit"),
            ("9.81 m/s²", "981 cm s^-2"),
            ("10 um", "10 µm"),
            ("0 m", "-0 cm"),
            ("1e3 g", "1 kg"),
        ] {
            assert_eq!(key(a), key(b), "{a} = {b}");
        }
    }

    #[test]
    fn different_quantities_have_different_keys() {
        for (a, b) in [("10 mm", "1 m"), ("10 mm", "10 g"), ("10 mm", "10"), ("1 mW", "1 MW")] {
            assert_ne!(key(a), key(b), "{a} ≠ {b}");
        }
    }

    #[test]
    fn what_has_no_known_unit_is_no_quantity() {
        for text in [
            "",
            "mm",
            "10 widgets",
            "ten mm",
            "1 m^",
            "1 m^99",
            "M6x20",
            "inf m",
            "€5",
            "1.20.3",
            "007",
            "10-20 kg",
        ] {
            assert!(Quantity::parse(text).is_none(), "{text}");
        }
    }
}
