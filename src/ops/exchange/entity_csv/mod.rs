//! Entities as CSV: one row an entity, with columns for fields, properties and links.

mod cells;
mod guess;
mod read;
mod table;
mod write;

pub use cells::{begins_formula, read_value, write_value};
pub use read::{propose_columns, read_tables};
pub use write::write_entities;
