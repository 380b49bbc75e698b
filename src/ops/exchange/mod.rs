//! Export and import: a store or one of its projects as JSON lines, with the full history, and the formats of other
//! programs.

mod adr;
pub mod checked_export;
mod clash;
mod doorstop;
mod entity_csv;
pub mod export;
mod exported_values;
mod field_merge;
pub mod format;
pub mod formats;
pub mod graph;
pub mod import;
pub mod import_again;
mod import_find;
pub mod import_history;
pub mod import_line;
mod import_link;
mod import_memory;
pub mod import_missing;
mod import_project;
pub mod import_report;
pub mod import_source;
mod import_state;
pub mod items;
pub mod matrix;
pub mod mirror;
mod needs;
mod okf;
pub mod project_registry;
mod reqif;
pub mod restore_rows;
mod scope;
mod sdoc;
pub mod server_memory;
pub mod validate_export;
mod yaml;
