//! URIs of resources (`atocore://…`, `ui://…`, `skill://…`). Template variables are percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::text::percent_decoded;

/// Encodes every character outside the unreserved set of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub const PROJECTS: &str = "atocore://projects";
pub const CONFLICTS: &str = "atocore://conflicts";
pub const ONTOLOGY: &str = "atocore://ontology";
pub const OVERVIEW: &str = "atocore://project/{name}/overview";
pub const ENTITY: &str = "atocore://entity/{id}";
pub const MEMORY: &str = "atocore://memory/{id}";
pub const APP: &str = "ui://atocore/{name}";
pub const SKILL: &str = "skill://atocore/{name}/SKILL.md";

/// The resource that a URI identifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Projects,
    Conflicts,
    Ontology,
    /// A project, by name or alias.
    Overview(String),
    Entity(String),
    Memory(String),
    App(String),
    Skill(String),
}

impl Address {
    pub fn parse(uri: &str) -> Option<Self> {
        match uri {
            PROJECTS => Some(Self::Projects),
            CONFLICTS => Some(Self::Conflicts),
            ONTOLOGY => Some(Self::Ontology),
            _ => read(OVERVIEW, uri)
                .map(Self::Overview)
                .or_else(|| read(ENTITY, uri).map(Self::Entity))
                .or_else(|| read(MEMORY, uri).map(Self::Memory))
                .or_else(|| read(APP, uri).map(Self::App))
                .or_else(|| read(SKILL, uri).map(Self::Skill)),
        }
    }
}

/// Splits a template into the text before the variable, its name and the text after it.
fn split_template(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('{')?;
    let (variable, behind) = rest.split_once('}')?;
    Some((before, variable, behind))
}

/// Returns the name of a template's variable.
pub fn template_variable(template: &str) -> Option<&str> {
    split_template(template).map(|(_, variable, _)| variable)
}

/// Extracts the variable's value from a URI, percent-decoded; `None` if the URI does not match.
fn read(template: &str, uri: &str) -> Option<String> {
    let (before, _, behind) = split_template(template)?;
    let given = uri.strip_prefix(before)?.strip_suffix(behind)?;
    if given.is_empty() || given.contains(['/', '?', '#']) {
        return None;
    }
    percent_decoded(given)
}

/// Expands a template with a percent-encoded value.
pub fn expand_template(template: &str, value: &str) -> String {
    let Some((before, _, behind)) = split_template(template) else { return template.to_owned() };
    format!("{before}{}{behind}", utf8_percent_encode(value, ENCODED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_put_into_a_template_is_read_from_the_address() {
        for name in ["lynx", "P 04/Größe", "100 %", "%2F", "鏡", "a?b#c{d}", "\u{202e}\n\0"] {
            let uri = expand_template(OVERVIEW, name);
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
            assert_eq!(Address::parse(&uri), Some(Address::Overview(name.to_owned())), "{uri}");
        }
        assert_eq!(expand_template(ENTITY, "a b"), "atocore://entity/a%20b");
        assert_eq!(
            Address::parse("atocore://memory/größe%c3%9f"),
            Some(Address::Memory("größeß".to_owned()))
        );
    }

    #[test]
    fn an_address_of_another_form_leads_nowhere() {
        for uri in [
            "",
            "atocore://",
            "atocore://project",
            "atocore://projects/",
            "atocore://project/lynx",
            "atocore://project//overview",
            "atocore://project/overview",
            "atocore://project/a/b/overview",
            "atocore://project/lynx/overview/",
            "atocore://project/%/overview",
            "atocore://project/%+1/overview",
            "atocore://project/%FF/overview",
            "atocore://entity/",
            "atocore://entity/a?b",
            "atocore://entity/a#b",
            "other://entity/a",
            "skill://atocore/SKILL.md",
            "skill://atocore/a/b/SKILL.md",
        ] {
            assert_eq!(Address::parse(uri), None, "{uri}");
        }
    }
}
