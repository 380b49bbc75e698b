//! Operations: one table of typed operations, the only way to run a write, and answers as text and
//! structured content. The front ends (`mcp`, `cli`) offer the table.

pub mod access_tokens;
pub mod answer;
pub mod approval;
pub mod changes;
pub mod import;
pub mod ingest;
pub mod limits;
pub mod operation;
pub mod operations;
pub mod person_access;
pub mod present;
pub mod proposed_change;
mod read_options;
pub mod registry;
pub mod rights;
pub mod row_kinds;
pub mod run;
pub(crate) mod schema;
pub mod service;
pub mod store_handle;
pub(crate) mod upkeep;
pub mod watching;

pub use crate::ops::open;
pub use crate::store::sqlite::file::is_writable;
pub use crate::store::{Db, Durability, Reader, Settings, Upgrade};
