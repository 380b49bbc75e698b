//! Marks: warnings about a row, derived from the rows and sources that it rests on.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::gap::{FALLEN, fallen_because};
use super::ontology::SUPERSEDES;
use super::text::quote_text;
use super::{Outcome, Status};

/// A warning about a candidate or active row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub enum Mark {
    /// It is a member of an open conflict.
    Contested,
    /// An active result or claim contradicts it.
    Contradicted,
    /// It is a member of a conflict whose values were all kept, and that still differ.
    Acknowledged,
    /// It rests on a row that is superseded, invalid, expired or flagged.
    RestsOnFallen,
    /// Another link leads to a superseded or invalid row.
    PointsToRetired,
    /// One end of a link changed since the link was made or reviewed.
    Suspect,
    /// A cited source changed or is gone.
    StaleSource,
    /// It is past its end.
    Expired,
}

impl Mark {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contested => "contested",
            Self::Contradicted => "contradicted",
            Self::Acknowledged => "acknowledged",
            Self::RestsOnFallen => "rests_on_fallen",
            Self::PointsToRetired => "points_to_retired",
            Self::Suspect => "suspect",
            Self::StaleSource => "stale_source",
            Self::Expired => "expired",
        }
    }

    /// Whether the mark is a gap of its own: it ends with a new link, source or review, and neither in
    /// the list of conflicts nor as another gap.
    pub fn is_gap(self) -> bool {
        matches!(
            self,
            Self::RestsOnFallen | Self::PointsToRetired | Self::Suspect | Self::StaleSource
        )
    }
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// Reasons in one line, and characters of a name in them.
const MAX_REASONS: usize = 3;
const REASON: usize = 100;

/// Links to the entities that their source rests on.
const RESTS_ON: [&str; 3] = ["based_on_assumption", "depends_on", "evidenced_by"];
/// The link from an entity to another that rests on it.
pub const SUPPORTS: &str = "supports";
/// Links to rows that may be history without any harm.
const TO_HISTORY: [&str; 2] = [SUPERSEDES, "conflicts_with"];

/// The row or source because of which another row has a mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MarkReason {
    pub mark: Mark,
    /// The id of the row.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The name or content of the row, or the reference of the source.
    pub name: String,
    /// Its status, `flagged`, `changed`, `unreviewed` or `gone`.
    pub state: String,
}

/// Decides the mark that an active link gives one of its ends, with the state of the other end.
/// `outgoing`: the marked row is the source of the link.
pub fn mark_of_link(
    relationship_type: &str,
    outgoing: bool,
    far: Status,
    flag: &Value,
) -> Option<(Mark, &'static str)> {
    let rests = match outgoing {
        true => RESTS_ON.contains(&relationship_type),
        false => relationship_type == SUPPORTS,
    };
    if rests {
        return fallen_because(far, flag).map(|state| (Mark::RestsOnFallen, state));
    }
    let retired = outgoing && FALLEN.contains(&far) && !TO_HISTORY.contains(&relationship_type);
    retired.then_some((Mark::PointsToRetired, far.as_str()))
}

/// Returns the state of a row that contradicts another, by the outcome of the result that it is.
pub fn contradiction_state(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Fail) => "a failed result",
        _ => "evidence against it",
    }
}

/// Whether an entity that cites a memory of this status rests on something fallen.
pub fn is_fallen_citation(memory: Status) -> bool {
    FALLEN.contains(&memory) || memory == Status::Candidate
}

/// Renders marks as a list of words.
pub fn mark_words(marks: &[Mark]) -> String {
    marks.iter().map(|mark| mark.as_str()).collect::<Vec<_>>().join(", ")
}

/// Renders the marks of a row for the start of its line.
pub fn mark_prefix(marks: &[Mark]) -> String {
    if marks.is_empty() { String::new() } else { format!("[{}] ", mark_words(marks)) }
}

/// Renders the reasons of marks for the end of a line.
pub fn reason_words(reasons: &[MarkReason]) -> String {
    let word = |reason: &MarkReason| {
        let MarkReason { mark, id, name, state } = reason;
        let id = if id.is_empty() { String::new() } else { format!(" {id}") };
        format!("; {}:{id} {} ({state})", mark.as_str(), quote_text(name, REASON))
    };
    let more = reasons.len().saturating_sub(MAX_REASONS);
    let more = if more > 0 { format!("; {more} more reasons") } else { String::new() };
    reasons.iter().take(MAX_REASONS).map(word).collect::<String>() + &more
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_link_marks_by_its_type_direction_and_the_state_of_the_other_end() {
        use Mark::{PointsToRetired, RestsOnFallen};
        let no = json!(null);
        let cases = [
            ("based_on_assumption", true, Status::Invalid, &no, Some(RestsOnFallen)),
            ("depends_on", true, Status::Superseded, &no, Some(RestsOnFallen)),
            ("evidenced_by", true, Status::Active, &json!(true), Some(RestsOnFallen)),
            ("evidenced_by", true, Status::Active, &no, None),
            ("depends_on", false, Status::Invalid, &no, None),
            ("supports", false, Status::Invalid, &no, Some(RestsOnFallen)),
            ("supports", true, Status::Invalid, &no, Some(PointsToRetired)),
            ("satisfies", true, Status::Superseded, &no, Some(PointsToRetired)),
            ("satisfies", true, Status::Candidate, &no, None),
            ("satisfies", true, Status::Active, &json!(true), None),
            ("satisfies", false, Status::Invalid, &no, None),
            ("supersedes", true, Status::Superseded, &no, None),
            ("conflicts_with", true, Status::Invalid, &no, None),
        ];
        for (link, outgoing, far, flag, mark) in cases {
            let found = mark_of_link(link, outgoing, far, flag).map(|(mark, _)| mark);
            assert_eq!(found, mark, "{link} {outgoing} {far}");
        }
    }

    #[test]
    fn a_cited_memory_is_sound_while_it_is_active_or_graduated() {
        let fallen = Status::ALL.map(is_fallen_citation);
        assert_eq!(fallen, [true, false, true, true, false]);
    }
}
