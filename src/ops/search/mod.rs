//! Full-text search over entities, memories and chunks.

pub mod index;
