//! Source references: strings with a scheme that identify the source of a fact.

use super::error::{Error, Result};

/// The known schemes.
pub const SCHEMES: [&str; 7] =
    ["memory", "chunk", "doc", "interaction", "session", "url", "commit"];

/// A parsed source reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRef<'a> {
    pub scheme: &'a str,
    pub target: &'a str,
}

impl<'a> SourceRef<'a> {
    pub fn parse(text: &'a str) -> Result<Self> {
        match text.split_once(':') {
            Some((scheme, target)) if SCHEMES.contains(&scheme) && !target.trim().is_empty() => {
                Ok(Self { scheme, target })
            }
            _ => Err(Error::invalid(
                "source_refs",
                format!("{text:?} is not a source reference"),
                format!("Write scheme:target with one of the schemes {}.", SCHEMES.join(", ")),
            )),
        }
    }
}

/// Returns the ids in the references of one scheme.
pub fn targets_of<'a>(refs: &'a [String], scheme: &'a str) -> impl Iterator<Item = &'a str> {
    refs.iter().filter_map(move |text| {
        let (found, target) = text.split_once(':')?;
        (found == scheme).then_some(target)
    })
}
