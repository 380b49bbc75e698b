//! Baselines: names for places in the audit log.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name for a place in the audit log. It is itself an audit row, so it never moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    pub name: String,
    /// The instant of questions about it.
    pub at: String,
    /// The last operation that it covers.
    pub operation: String,
    /// The number of the last audit row that it covers, and the hash of that row.
    pub audit_row: i64,
    pub hash: String,
    /// Active rows by type.
    pub counts: BTreeMap<String, i64>,
    pub created_at: String,
}
