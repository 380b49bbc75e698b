//! How things are kept: the only SQL, one file for each noun, and no decisions.

pub mod audit;
pub mod changes;
pub mod claims;
pub mod conflicts;
pub mod coverage;
pub mod db;
pub mod doctor;
pub mod entities;
pub mod gaps;
pub mod graph;
pub mod idempotency;
pub mod interactions;
pub mod memories;
pub mod overview;
pub mod projects;
pub mod reader;
pub mod redaction;
pub mod relationships;
pub mod rows;
pub mod schema;
pub mod search;
pub mod settings;
pub mod shape;
pub mod sources;
pub mod sql;
pub mod transfer;
pub mod tx;

pub use db::{Db, Erased};
pub use reader::Reader;
pub use schema::Upgrade;
pub use settings::{Durability, Settings};
pub use tx::{Tx, View};
