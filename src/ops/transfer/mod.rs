//! Export and import: a store or one of its projects as JSON lines, with the full history.

pub mod adopt;
mod clash;
pub mod export;
pub mod format;
pub mod graph;
pub mod matrix;
mod scope;
pub mod server_memory;
pub mod survey;
