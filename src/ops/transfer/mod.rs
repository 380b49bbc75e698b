//! In and out: a store, or a project of it, as lines of JSON with all of its history.

mod clash;
pub mod export;
pub mod format;
pub mod graph;
pub mod matrix;
pub mod restore_rows;
mod scope;
pub mod server_memory;
pub mod validate_export;
