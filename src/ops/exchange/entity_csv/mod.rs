//! Entities as CSV or a workbook: one row an entity, with columns for fields, properties and links.

mod cell_table;
mod cells;
mod guess;
mod read;
mod table;
mod workbook;
mod workbook_write;
mod write;

pub use cells::{begins_formula, read_value, write_value};
pub use read::{propose_columns, read_tables};
pub use workbook_write::write_workbook;
pub use write::write_entities;
