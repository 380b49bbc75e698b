//! Projects, their canonical names, and the state of a project that is set by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::status::Status;
use super::words::fold_text;

/// The default project of rows without one.
pub const INBOX: &str = "inbox";

/// The status of a project that became part of another one.
pub const MERGED: &str = "merged";

/// One row of `projects` with its aliases; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub name: String,
    pub description: String,
    pub status: String,
    pub aliases: Vec<String>,
    pub created_at: String,
    pub updated_at: String,
}

/// One row of `project_state`: a fact set by a person, which takes precedence over others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectState {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub project_id: String,
    pub category: String,
    pub key: String,
    pub value: String,
    pub source: String,
    pub confidence: f64,
    pub status: String,
    pub created_at: String,
    pub updated_at: String,
}

impl ProjectState {
    pub fn is_active(&self) -> bool {
        self.status == Status::Active.as_str()
    }
}

/// The resolution of a project argument: the name used, and whether it is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ResolvedProject {
    /// The canonical name that was used; "" is global.
    pub name: String,
    /// False for an unregistered name, which is kept as written.
    pub registered: bool,
    /// Whether rows used an unregistered name before.
    #[serde(skip)]
    pub is_used: bool,
    /// Registered names close to an unregistered one, and used ones with the same letters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nearest: Vec<String>,
}

/// Whether two names differ, and only in case or punctuation.
pub fn has_same_letters(one: &str, other: &str) -> bool {
    let letters = |name: &str| fold_text(name).replace(|c: char| !c.is_alphanumeric(), "");
    one != other && !letters(one).is_empty() && letters(one) == letters(other)
}

/// Whether the name is lower-case letters and digits in groups joined by single hyphens, as in
/// `p04-gigabit`.
pub fn is_canonical_name(name: &str) -> bool {
    !name.is_empty()
        && name.split('-').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
}

/// Returns the canonical form closest to the given name, unless nothing is left of it.
pub fn suggest_canonical_name(written: &str) -> Option<String> {
    let folded: String = written
        .chars()
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    let ascii: String = folded.chars().filter(char::is_ascii).collect();
    let name = ascii.split_whitespace().collect::<Vec<_>>().join("-");
    Some(name).filter(|name| is_canonical_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_punctuation_are_not_letters() {
        for other in ["P07", "p-07", "p_07"] {
            assert!(has_same_letters("p07", other), "{other}");
        }
        for (one, other) in [("p07", "p07"), ("p07", "p08"), ("*", "-")] {
            assert!(!has_same_letters(one, other), "{one} {other}");
        }
    }

    #[test]
    fn canonical_names_are_lower_case_kebab_case() {
        for good in ["p04-gigabit", "fprime", "a-1"] {
            assert!(is_canonical_name(good), "{good}");
        }
        for bad in ["", "P04", "a--b", "-a", "a-", "a b", "a_b", "größe"] {
            assert!(!is_canonical_name(bad), "{bad}");
        }
        assert_eq!(suggest_canonical_name("P04 Gigabit!").as_deref(), Some("p04-gigabit"));
        assert_eq!(suggest_canonical_name("日本"), None);
    }
}
