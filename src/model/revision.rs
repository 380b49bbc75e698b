//! Proposed revisions: pending changes of active rows, for a person to accept or reject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::event::Kind;
use super::link_policy::LinkPolicy;

/// The change that a revision proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RevisionAction {
    Update,
    Supersede,
    Invalidate,
    /// It is the same thing as another row, which stays.
    Merge,
    EndLink,
}

impl RevisionAction {
    pub const ALL: [Self; 5] =
        [Self::Update, Self::Supersede, Self::Invalidate, Self::Merge, Self::EndLink];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Supersede => "supersede",
            Self::Invalidate => "invalidate",
            Self::Merge => "merge",
            Self::EndLink => "end_link",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// The status of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RevisionStatus {
    Pending,
    Applied,
    Rejected,
    /// Its row ended before it was decided.
    Moot,
}

impl RevisionStatus {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Applied, Self::Rejected, Self::Moot];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Moot => "moot",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// One row of `revisions`; its serialised form is the audit snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    pub id: String,
    /// Identifies the row in calls and answers; not part of the snapshot.
    #[serde(skip)]
    pub handle: String,
    pub action: RevisionAction,
    /// The row that it would change: an entity, a memory or a relationship.
    pub subject_kind: Kind,
    pub subject_id: String,
    /// The project of that row, which it moves with; not part of the snapshot.
    #[serde(skip)]
    pub project: String,
    /// The version of the row that it was made against; 0 for a relationship, which has none.
    pub base_version: i64,
    /// The row at that version.
    pub base: Map<String, Value>,
    /// The proposed values by field. A property is a field `properties.<key>`, and null deletes
    /// it; `source_refs` lists the references to add. For a supersession, `links` may say that they stay.
    pub changes: Map<String, Value>,
    /// The row that replaces it, for a supersession; the one that stays, for a merge.
    pub successor_id: Option<String>,
    pub status: RevisionStatus,
    pub actor: String,
    pub client: String,
    pub note: String,
    /// The name of the import that proposed it; empty for a call.
    pub source: String,
    pub created_at: String,
    pub updated_at: String,
}

/// The field of the sources, which are added to and not replaced.
pub const SOURCE_REFS: &str = "source_refs";
/// The prefix of a field that is one property.
pub const PROPERTY: &str = "properties.";

/// A field of a row: its value when the revision was made, now, and as proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDifference {
    pub field: String,
    pub base: Value,
    pub now: Value,
    pub proposed: Value,
}

impl FieldDifference {
    /// Whether another change of the field came in between. Sources are only added to.
    pub fn is_stale(&self) -> bool {
        self.field != SOURCE_REFS && self.base != self.now && self.now != self.proposed
    }
}

impl Revision {
    /// Returns whether the successor takes over the links of the row.
    pub fn link_policy(&self) -> LinkPolicy {
        let given = self.changes.get(LinkPolicy::FIELD).and_then(Value::as_str);
        match given == Some(LinkPolicy::Leave.as_str()) {
            true => LinkPolicy::Leave,
            false => LinkPolicy::Carry,
        }
    }

    /// Returns the differences between the row as it was, as it is now and as proposed.
    pub fn differences(&self, now: &Map<String, Value>) -> Vec<FieldDifference> {
        let of = |field: &str, proposed: &Value| FieldDifference {
            field: field.to_owned(),
            base: field_value(&self.base, field),
            now: field_value(now, field),
            proposed: proposed.clone(),
        };
        if self.action == RevisionAction::Update {
            return self.changes.iter().map(|(field, proposed)| of(field, proposed)).collect();
        }
        // Ending a row is about all of its contents, so each change of them since then is shown.
        CONTENTS
            .iter()
            .map(|field| of(field, &field_value(&self.base, field)))
            .filter(|difference| difference.base != difference.now)
            .collect()
    }
}

/// The fields on which the decision to end a row rests.
const CONTENTS: [&str; 6] =
    ["entity_type", "name", "description", "properties", "content", "subject"];

/// Returns the value of a field, or of a property, in a snapshot; null if it has none.
pub fn field_value(row: &Map<String, Value>, field: &str) -> Value {
    let value = match field.strip_prefix(PROPERTY) {
        Some(key) => row.get("properties").and_then(|properties| properties.get(key)),
        None => row.get(field),
    };
    value.cloned().unwrap_or_default()
}

/// Fields that every change of a row touches; they go on and are never restored.
pub const COUNTERS: [&str; 3] = ["version", "updated_at", "content_version"];

/// Fields that say how often a row was used, or against which content a link was reviewed.
const UPKEEP: [&str; 5] = [
    "source_digests",
    "last_referenced_at",
    "reference_count",
    "reviewed_source",
    "reviewed_target",
];

/// Whether a row says something else, so that a reader would want to know.
pub fn differs_for_readers(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    list_differing(a, b).iter().any(|field| !UPKEEP.contains(field))
}

/// Lists the fields that differ, except those that every change touches.
pub fn list_differing<'f>(a: &'f Map<String, Value>, b: &'f Map<String, Value>) -> Vec<&'f str> {
    let mut differing: Vec<&str> = a
        .keys()
        .chain(b.keys())
        .map(String::as_str)
        .filter(|field| !COUNTERS.contains(field) && a.get(*field) != b.get(*field))
        .collect();
    differing.sort_unstable();
    differing.dedup();
    differing
}

/// Columns that no caller sets.
const DERIVED: [&str; 4] = ["version", "updated_at", "content_version", "source_digests"];

/// Returns the changes between two snapshots of a row: the fields that an update may set, with
/// each property as a field, and the added sources.
pub fn list_changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let mut changes = Map::new();
    for (field, value) in after.iter().filter(|(field, value)| before.get(*field) != Some(value)) {
        match (field.as_str(), before.get(field), value) {
            (field, ..) if DERIVED.contains(&field) => {}
            ("properties", Some(Value::Object(old)), Value::Object(new)) => {
                add_properties(&mut changes, old, new);
            }
            (SOURCE_REFS, Some(Value::Array(old)), Value::Array(new)) => {
                let added = new.iter().filter(|reference| !old.contains(reference)).cloned();
                changes.insert(field.clone(), added.collect());
            }
            _ => {
                changes.insert(field.clone(), value.clone());
            }
        }
    }
    changes
}

fn add_properties(
    changes: &mut Map<String, Value>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) {
    for (key, value) in new.iter().filter(|(key, value)| old.get(*key) != Some(value)) {
        changes.insert(format!("{PROPERTY}{key}"), value.clone());
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        changes.insert(format!("{PROPERTY}{key}"), Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn changes_are_fields_properties_and_added_sources() {
        let before = fields(json!({ "version": 1, "description": "a", "source_refs": ["doc:a"],
                                    "properties": { "keep": 1, "drop": 2, "set": 3 } }));
        let after =
            fields(json!({ "version": 2, "description": "b", "source_refs": ["doc:a", "doc:b"],
                                   "properties": { "keep": 1, "set": 4, "a.b": 5 } }));
        assert_eq!(
            Value::Object(list_changes(&before, &after)),
            json!({ "description": "b", "source_refs": ["doc:b"], "properties.set": 4,
                    "properties.a.b": 5, "properties.drop": null })
        );
    }

    #[test]
    fn a_field_is_stale_if_it_became_something_else_meanwhile() {
        let of = |field: &str, base: i64, now: i64, proposed: i64| FieldDifference {
            field: field.to_owned(),
            base: base.into(),
            now: now.into(),
            proposed: proposed.into(),
        };
        assert!(!of("value", 1, 1, 2).is_stale(), "nothing came in between");
        assert!(of("value", 1, 3, 2).is_stale());
        assert!(!of("value", 1, 2, 2).is_stale(), "it was changed alike");
        assert!(!of(SOURCE_REFS, 1, 3, 2).is_stale(), "sources are added");
    }
}
