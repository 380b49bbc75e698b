//! How any row is changed: validation, ids, the row with its event, claims and words.

pub mod actor;
pub mod audited;
pub mod citations;
pub mod claims;
pub mod former_names;
pub(crate) mod idempotency;
pub mod index;
pub(crate) mod named_rows;
pub mod names;
pub mod record_change;
pub(crate) mod row_id;
pub(crate) mod secrets;
pub mod uids;
pub mod used_ontology;
pub mod validate;
