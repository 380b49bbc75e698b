//! Checks the values of an exported row as a write checks them: the chain of an export proves only that
//! its audit fits its rows, and a program can make both.

use serde_json::Value;

use crate::model::memory::MemoryType;
use crate::model::{ConflictStatus, Kind, RelationshipStatus, Result, Status, Timestamp, text};
use crate::ops::record::validate::{
    MAX_NAME, MAX_REF, MAX_TEXT, check_confidence, check_property_limits,
};
use crate::store::table_dump::Fields;

/// A check of one column.
enum ColumnCheck {
    /// A name: not blank, and not longer than names may be.
    Name,
    /// A name, or nothing.
    OptionalName,
    Text,
    /// One of these words.
    Word(fn(&str) -> bool),
    /// The name of a type, known to some ontology.
    TypeName,
    Confidence,
    /// A whole number of at least this.
    AtLeast(i64),
    Instant,
    Properties,
    TextList,
    /// The id of another row than this one.
    OtherRow,
}

use ColumnCheck::{
    AtLeast, Confidence, Instant, Name, OptionalName, OtherRow, Properties, Text, TextList,
    TypeName, Word,
};

type CheckedColumn = (&'static str, ColumnCheck);

const MEMORY: &[CheckedColumn] = &[
    ("memory_type", Word(|word| MemoryType::ALL.iter().any(|known| known.as_str() == word))),
    ("content", Text),
    ("subject", OptionalName),
    ("project", OptionalName),
    ("status", Word(|word| Status::parse(word).is_some())),
    ("confidence", Confidence),
    ("reference_count", AtLeast(0)),
    ("version", AtLeast(1)),
    ("domain_tags", TextList),
    ("superseded_by", OtherRow),
    // `valid_until` may be any text in a database of the Python system.
    ("last_referenced_at", Instant),
    ("created_at", Instant),
    ("updated_at", Instant),
];

const ENTITY: &[CheckedColumn] = &[
    ("entity_type", TypeName),
    ("name", Name),
    ("project", OptionalName),
    ("description", Text),
    ("properties", Properties),
    ("status", Word(|word| Status::parse(word).is_some_and(|status| status != Status::Graduated))),
    ("confidence", Confidence),
    ("source_refs", TextList),
    ("version", AtLeast(1)),
    ("created_at", Instant),
    ("updated_at", Instant),
];

const RELATIONSHIP: &[CheckedColumn] = &[
    ("relationship_type", TypeName),
    ("status", Word(|word| RelationshipStatus::parse(word).is_some())),
    ("confidence", Confidence),
    ("source_refs", TextList),
    ("created_at", Instant),
];

const PROJECT: &[CheckedColumn] =
    &[("name", Name), ("description", Text), ("created_at", Instant), ("updated_at", Instant)];

const STATE: &[CheckedColumn] = &[
    ("category", Name),
    ("key", Name),
    ("value", Text),
    ("source", Text),
    ("status", Word(|word| Status::parse(word).is_some())),
    ("confidence", Confidence),
    ("created_at", Instant),
    ("updated_at", Instant),
];

const INTERACTION: &[CheckedColumn] = &[
    ("context_pack", Properties),
    ("memories_used", TextList),
    ("chunks_used", TextList),
    ("created_at", Instant),
];

const CONFLICT: &[CheckedColumn] = &[
    ("slot_kind", Name),
    ("project", OptionalName),
    ("status", Word(|word| ConflictStatus::parse(word).is_some())),
    ("detected_at", Instant),
    ("resolved_at", Instant),
];

const MEMBER: &[CheckedColumn] = &[
    (
        "member_kind",
        Word(|word| {
            let kinds = [Kind::Entity, Kind::Memory, Kind::Relationship, Kind::ProjectState];
            kinds.iter().any(|kind| kind.as_str() == word)
        }),
    ),
    ("member_layer_trust", AtLeast(0)),
    ("left_at", Instant),
];

/// A value that no write would have stored.
pub struct ValueProblem {
    pub text: String,
    /// Whether a database of the Python system may hold it: it is then in a row without a snapshot of
    /// the chain.
    pub may_be_old: bool,
}

/// Returns the first value of an exported row that no write would have stored.
pub fn find_problem(section: &str, fields: &Fields) -> Option<ValueProblem> {
    let columns = match section {
        "memory" => MEMORY,
        "entity" => ENTITY,
        "relationship" => RELATIONSHIP,
        "project" => PROJECT,
        "project_state" => STATE,
        "interaction" => INTERACTION,
        "conflict" => CONFLICT,
        _ => return None,
    };
    let members = fields.get("members").and_then(Value::as_array).into_iter().flatten();
    let members = members.filter_map(Value::as_object);
    problem_of(columns, fields)
        .or_else(|| members.into_iter().find_map(|member| problem_of(MEMBER, member)))
        .or_else(|| problem_between(section, fields))
}

/// Values that an old row may not have either come first.
fn problem_of(columns: &[CheckedColumn], fields: &Fields) -> Option<ValueProblem> {
    let id = text_of(fields, "id");
    let problems = columns.iter().filter_map(|(name, check)| {
        let value = fields.get(*name).filter(|value| !value.is_null())?;
        let text = format!("{name}: {}", check.problem(value, id)?);
        Some(ValueProblem { text, may_be_old: check.may_be_old() })
    });
    problems.min_by_key(|problem| problem.may_be_old)
}

/// Checks columns that depend on each other.
fn problem_between(section: &str, fields: &Fields) -> Option<ValueProblem> {
    let text = match section {
        "memory" => {
            let graduated = text_of(fields, "status") == Status::Graduated.as_str();
            let entity = text_of(fields, "graduated_to_entity_id");
            (graduated && entity.is_empty())
                .then(|| "status: it is graduated, to no entity".to_owned())
        }
        "relationship" => {
            let ends = ["source_entity_id", "target_entity_id"].map(|end| text_of(fields, end));
            (ends[0] == ends[1]).then(|| "target_entity_id: it leads to where it starts".to_owned())
        }
        _ => None,
    };
    text.map(|text| ValueProblem { text, may_be_old: false })
}

fn text_of<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl ColumnCheck {
    fn may_be_old(&self) -> bool {
        matches!(self, Word(_) | TypeName | Instant | Properties | TextList)
    }

    fn problem(&self, value: &Value, id: &str) -> Option<String> {
        let given = value.as_str().unwrap_or_default();
        let too_long = |limit: usize| {
            let count = given.chars().count();
            (count > limit).then(|| format!("it has {count} characters; the limit is {limit}"))
        };
        let not_parsed = |what: &str| Some(format!("it is no {what}"));
        match self {
            Name if text::is_blank(given) => Some("it is blank".to_owned()),
            Name | OptionalName => too_long(MAX_NAME),
            Text => too_long(MAX_TEXT),
            Word(known) => (!known(given)).then(|| format!("{given:?} is not known")),
            TypeName => {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                let fits = !given.is_empty() && given.len() <= MAX_NAME && given.chars().all(plain);
                (!fits).then(|| format!("{given:?} is no name of a type"))
            }
            Confidence => {
                as_problem(value.as_f64().map_or(Ok(1.0), |given| check_confidence(Some(given))))
            }
            AtLeast(least) => value
                .as_i64()
                .is_none_or(|number| number < *least)
                .then(|| format!("{value} is below {least}")),
            Instant if given.is_empty() || Timestamp::parse(given).is_some() => None,
            Instant => not_parsed("instant"),
            Properties => match serde_json::from_str::<Value>(given) {
                _ if given.is_empty() => None,
                Ok(Value::Object(properties)) => as_problem(check_property_limits(&properties)),
                _ => not_parsed("JSON object"),
            },
            TextList => match serde_json::from_str::<Vec<String>>(given) {
                _ if given.is_empty() => None,
                Ok(texts) => texts.iter().find(|text| text.chars().count() > MAX_REF).map(|text| {
                    format!(
                        "a text has {} characters; the limit is {MAX_REF}",
                        text.chars().count()
                    )
                }),
                Err(_) => not_parsed("JSON list of texts"),
            },
            OtherRow => (given == id).then(|| "it is the row itself".to_owned()),
        }
    }
}

fn as_problem<T>(checked: Result<T>) -> Option<String> {
    checked.err().map(|error| error.to_string())
}
