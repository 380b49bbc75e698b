//! Everything that can be asked for: one table of typed operations, one way to run a write, and
//! answers as structured content and as text. The doors (`mcp`, `cli`) offer the table.

pub mod answer;
pub mod approval;
pub mod ingest;
pub mod limits;
pub mod operation;
pub mod operations;
pub mod present;
pub mod registry;
pub mod rights;
pub mod run;
pub mod schema;
pub mod service;
pub mod store_handle;
pub mod upkeep;

pub use crate::store::backup::{Copied, Rotation, Turn};
pub use crate::store::restore::IfThere;
pub use crate::store::schema::SchemaStage;
pub use crate::store::{Db, Durability, Reader, Settings, Upgrade};
