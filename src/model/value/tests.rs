//! Which values are equal and which are not.

use super::spellings::{PLAIN_SYMBOLS, PLAIN_WORDS, PREFIXED_SYMBOLS, PREFIXED_WORDS};
use super::unit::Unit;
use super::*;

/// Pairs of values that must and must not meet, one a line: `same` or `different`, and two values.
const PAIRS: &str = include_str!("../../../tests/fixtures/values.tsv");

#[test]
fn each_pair_of_the_table_compares_as_it_says() {
    let mut wrong = Vec::new();
    for line in PAIRS.lines().filter(|line| !line.starts_with('#')) {
        let [expected, one, other] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not three columns: {line}");
        };
        let keys = [one, other].map(|text| SlotValue::read(text).expect("a value").key());
        if (keys[0] == keys[1]) != (expected == "same") {
            wrong.push(format!("{line}: {keys:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn key_of(text: &str) -> String {
    SlotValue::read(text).unwrap_or_else(|| panic!("{text} is a value")).key()
}

#[test]
fn quantities_meet_in_each_form_and_unit() {
    for (one, other) in [
        ("5..7 V", "5 V .. 7 V"),
        ("5..7 V", "5000..7000 mV"),
        ("5–10 mm", "5-10 mm"),
        ("5 to 10 mm", "0.5 to 1 cm"),
        ("5 V - 7 V", "between 5 and 7 V"),
        ("-40..85 °C", "-40 to +85 °C"),
        (">= 3 g", ">= 0.003 kg"),
        ("10 kg max.", "max. 10 kg"),
        ("10 ± 0.1 mm", "(10 ± 0.1) mm"),
        ("10 kΩ ± 1 %", "10 kΩ ± 0.1 kΩ"),
        ("10 mm +0.2/-0.1", "1 cm +0.02/-0.01 cm"),
        ("10.0 mm", "10,0 mm"),
        ("1,500 mm", "1500 mm"),
        ("1.234,5 mm", "1,234.5 mm"),
        ("1\u{202F}500\u{202F}mm", "1.5 m"),
        ("1/2 in", "0.5 in"),
        ("1½ in", "1.5 in"),
        ("1×10^3 mm", "1 m"),
        ("10³ mm", "1 m"),
        ("10 µm", "10 microns"),
        ("50 W/(m·K)", "50 W/(m K)"),
        ("1 Hz", "1 1/s"),
        ("5 mT", "50 G"),
        ("50 gauss", "50 G"),
        ("1 Å", "0.1 nm"),
        ("1 angstrom", "1 Å"),
        ("20 ppb/K", "0.02 ppm/K"),
        ("20 nm RMS", "0.02 µm RMS"),
        ("5 Vrms", "5000 mV rms"),
        ("1 kg/m^3", "0.001 g/cm³"),
        ("20 °C", "293.15 K"),
        ("68 °F", "20 °C"),
        ("100 %", "1"),
        ("1 kWh", "3.6 MJ"),
        ("60 rpm", "1 rev/s"),
        ("1 kB", "8000 bit"),
        ("10 Mbit/s", "10 Mb/s"),
        ("9.81 m/s²", "981 cm s^-2"),
        ("0 m", "-0 cm"),
        ("1 eV", "1.602176634e-19 J"),
        ("5 V DC", "5 VDC"),
        ("1 [lb_av]", "1 lb"),
        ("3 bolts", "3.0 bolts"),
    ] {
        assert_eq!(key_of(one), key_of(other), "{one} = {other}");
    }
}

#[test]
fn quantities_of_another_kind_or_form_do_not_meet() {
    for (one, other) in [
        ("1 Gy", "1 Sv"),
        ("1 lm", "1 cd"),
        ("1 bit", "1"),
        ("1 mol", "1"),
        ("1 Bq", "1 Hz"),
        ("1 kVA", "1 kW"),
        ("5 psig", "5 psi"),
        ("230 VAC", "230 V"),
        ("1 Vrms", "1 V"),
        ("3 dB", "3 dBm"),
        ("1 dB", "1 bit"),
        ("10 mm", "10"),
        ("10 mm", "10 g"),
        ("10 mm", "<= 10 mm"),
        ("10 mm", "10 ± 0 mm"),
        ("< 5 mm", "<= 5 mm"),
        ("~5 mm", "5 mm"),
        ("5..7 V", "[5, 8] V"),
        ("1 s-1", "1 s"),
        ("20 °C", "20 K"),
        ("3 bolts", "3 nuts"),
        ("4006381333931", "4006381333932"),
        ("12345678901234567890", "12345678901234567891"),
        ("1.20", "1.2"),
        ("192.168", "192.1680"),
    ] {
        assert_ne!(key_of(one), key_of(other), "{one} ≠ {other}");
    }
}

#[test]
fn every_spelling_has_a_unit() {
    for table in [PREFIXED_SYMBOLS, PREFIXED_WORDS, PLAIN_SYMBOLS, PLAIN_WORDS] {
        for (spellings, code, _) in table {
            for spelling in *spellings {
                assert!(Unit::read(spelling).is_known(), "{spelling} ({code})");
            }
        }
    }
}

#[test]
fn texts_that_only_begin_like_a_number_are_texts() {
    for text in [
        "1.20.3",
        "007",
        "10:30",
        "192.168.0.1",
        "2024-01-15",
        "1.20",
        "3.10",
        "1/2",
        "A.1",
        "+49 170 1234567",
        "10-20-30",
    ] {
        assert!(matches!(SlotValue::read(text), Some(SlotValue::Text(_))), "{text}");
    }
}

#[test]
fn text_is_compared_exactly_but_for_case_and_typography() {
    for (one, other) in [
        ("Zerodur", " zerodur. "),
        ("Straße", "STRASSE"),
        ("M\u{2011}1", "M-1"),
        ("Zero\u{200B}dur", "Zerodur"),
        ("ＲＥＱ", "req"),
        ("A\u{30A}ngstrom", "Ångstrom"),
        (&"long ".repeat(99), &"LONG ".repeat(99)),
    ] {
        assert_eq!(text_key(one), text_key(other), "{one} = {other}");
    }
    for (one, other) in [
        ("M6x20", "M6x25"),
        ("1.20.3", "1.2.3"),
        ("007", "7"),
        ("mW", "MW"),
        ("!ready", "ready"),
        ("3.1", "3.10"),
    ] {
        assert_ne!(text_key(one), text_key(other), "{one} ≠ {other}");
    }
}
