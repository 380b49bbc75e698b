//! Persistence: the only layer with SQL, one file per kind of row, without business logic.

pub(crate) mod assumptions;
pub mod audit;
pub(crate) mod audit_by_project;
pub mod claims;
mod conditions;
pub mod conflicts;
pub(crate) mod contradictions;
pub mod doctor;
pub mod entities;
pub mod folded_names;
pub(crate) mod graph;
pub(crate) mod handles;
pub(crate) mod idempotency;
pub mod interactions;
pub(crate) mod link_facts;
mod literals;
pub mod marks;
pub mod memories;
pub(crate) mod overview;
pub mod projects;
pub(crate) mod redaction;
pub mod relationships;
pub(crate) mod requested;
pub(crate) mod revisions;
pub(crate) mod row_rules;
pub(crate) mod rows;
pub(crate) mod settings;
pub mod sources;
pub mod sqlite;
pub mod table_dump;
pub(crate) mod tx;

pub use self::settings::{Durability, Settings};
pub use self::sqlite::db::{Db, Erased};
pub use self::sqlite::reader::Reader;
pub use self::sqlite::schema::Upgrade;
pub use self::tx::{Tx, View};
