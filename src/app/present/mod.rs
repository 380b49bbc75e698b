//! The presentation of rows and answers: typed views for structured content, and lines of text in
//! which stored text is quoted.

pub mod bound;
pub mod candidates;
pub mod changes;
pub mod conflicts;
pub mod differences;
pub mod found_chunks;
pub mod handoffs;
pub mod hit_explanation;
pub mod ids;
pub mod kept_values;
pub mod link_successions;
pub mod marked;
pub mod memories;
pub mod past;
pub mod queued_links;
pub mod revisions;
pub mod rows;
pub mod rows_by_detail;
pub mod single_rows;
pub mod text;
pub mod uids;
pub mod unsound;

use serde::{Deserialize, Serialize};

/// How much of a row an answer shows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Detail {
    #[default]
    Concise,
    Full,
}

/// For `skip_serializing_if`: structured content omits the usual value.
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

pub(super) fn is_zero(value: &i64) -> bool {
    *value == 0
}
