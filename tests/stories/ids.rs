//! Short forms of ids in stories: `@name` of a row that the story named, `#1.a` of the tenth id that
//! the first process made.

use std::fmt::Write;

const PREFIX: &str = "00000000-0000-7000-8000-";

/// Ids of the fixed source as numbers.
pub fn shorten(text: &str) -> String {
    let mut parts = text.split(PREFIX);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at(12);
        let number = u64::from_str_radix(digits, 16).expect("an id");
        let _ = write!(written, "#{:x}.{:x}{rest}", number >> 24, number & 0xff_ffff);
    }
    written
}

/// Numbered ids written out.
pub fn expand(text: &str) -> String {
    let mut parts = text.split('#');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(text.len());
        let seed = digits(part);
        let number = part[seed..].strip_prefix('.').map(|rest| (&rest[..digits(rest)], rest));
        match (u64::from_str_radix(&part[..seed], 16), number) {
            (Ok(seed), Some((number, rest))) if !number.is_empty() => {
                let value = (seed << 24) | u64::from_str_radix(number, 16).expect("a number");
                let _ = write!(written, "{PREFIX}{value:012x}{}", &rest[number.len()..]);
            }
            _ => {
                let _ = write!(written, "#{part}");
            }
        }
    }
    written
}
