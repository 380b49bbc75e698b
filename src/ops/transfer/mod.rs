//! The whole store, or a project of it, out of the file and into another.

pub mod graph;
pub mod matrix;
