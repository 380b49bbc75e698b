//! Gaps in a project: a row without a link that it needs, or based on an assumption that has fallen.

use serde_json::Value;

use super::Status;

/// The type of the links from a decision to its assumptions.
pub const BASED_ON: &str = "based_on_assumption";

/// The statuses in which an assumption has fallen.
pub const FALLEN: [Status; 2] = [Status::Superseded, Status::Invalid];

/// A kind of gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// A result failed, or a result or claim conflicts with it.
    Contradicted,
    RiskyDecision,
    /// It has another mark that asks for work (`Mark::is_gap`).
    Marked,
    OrphanRequirement,
    UnsupportedClaim,
    /// It refines no requirement, though others of its type and project do.
    UnderivedRequirement,
    /// A design or test that no requirement leads to.
    Unrequested,
    /// A row with another gap that a person waived; it is listed apart.
    Waived,
}

impl Gap {
    /// In list order.
    pub const ALL: [Self; 8] = [
        Self::Contradicted,
        Self::RiskyDecision,
        Self::Marked,
        Self::OrphanRequirement,
        Self::UnsupportedClaim,
        Self::UnderivedRequirement,
        Self::Unrequested,
        Self::Waived,
    ];
    /// Gaps that a waiver closes: links that a person decided to do without.
    pub const WAIVABLE: [Self; 4] = [
        Self::OrphanRequirement,
        Self::UnsupportedClaim,
        Self::UnderivedRequirement,
        Self::Unrequested,
    ];

    /// The singular name used in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contradicted => "contradicted",
            Self::Marked => "marked",
            Self::OrphanRequirement => "orphan_requirement",
            Self::RiskyDecision => "risky_decision",
            Self::UnsupportedClaim => "unsupported_claim",
            Self::UnderivedRequirement => "underived_requirement",
            Self::Unrequested => "unrequested",
            Self::Waived => "waived",
        }
    }

    /// The plural name used in counts.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Contradicted => "contradicted",
            Self::Marked => "marked",
            Self::OrphanRequirement => "orphan_requirements",
            Self::RiskyDecision => "risky_decisions",
            Self::UnsupportedClaim => "unsupported_claims",
            Self::UnderivedRequirement => "underived_requirements",
            Self::Unrequested => "unrequested",
            Self::Waived => "waived",
        }
    }
}

/// Returns the reason for which an assumption has fallen, if it has.
pub fn fallen_because(status: Status, flag: &Value) -> Option<&'static str> {
    match status {
        status if FALLEN.contains(&status) => Some(status.as_str()),
        _ => is_flag(flag).then_some("flagged"),
    }
}

/// Whether the value of `properties.flagged` flags an assumption, or that of `properties.waived`
/// waives a row.
pub fn is_flag(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => {
            let text = text.trim_matches([' ', '\t', '\n', '\r']);
            !["", "0", "false", "no"].iter().any(|off| text.eq_ignore_ascii_case(off))
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flag_is_any_value_but_those_that_say_no() {
        let flags = json!([true, 1, -0.5, "the tests failed", "yes", "00", [0], { "a": null }]);
        let others = json!([
            null,
            false,
            0,
            0.0,
            -0.0,
            "",
            " \t\r\n",
            "0",
            "false",
            " FALSE\n",
            "No",
            [],
            {}
        ]);
        for (values, flagged) in [(flags, true), (others, false)] {
            for value in values.as_array().expect("a list") {
                assert_eq!(is_flag(value), flagged, "{value}");
            }
        }
    }

    #[test]
    fn an_assumption_falls_with_its_status_or_by_a_flag() {
        for status in Status::ALL {
            let fallen = matches!(status, Status::Superseded | Status::Invalid);
            let because = fallen.then_some(status.as_str());
            assert_eq!(fallen_because(status, &Value::Null), because);
            assert_eq!(fallen_because(status, &json!("no")), because);
            assert_eq!(fallen_because(status, &json!(true)), because.or(Some("flagged")));
        }
    }
}
