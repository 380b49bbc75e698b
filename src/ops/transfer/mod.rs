//! In and out: a store, or a project of it, as lines of JSON with all of its history.

pub mod adopt;
mod clash;
pub mod export;
pub mod format;
pub mod graph;
pub mod matrix;
mod scope;
pub mod server_memory;
pub mod survey;
