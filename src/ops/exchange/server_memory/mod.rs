//! Converts the memory file of the reference MCP memory server to import lines: entities,
//! observations and relations. Nothing is lost: data without an equivalent is kept as text.

mod counts;
mod plan;
mod read;

pub use plan::{MemoryFileArgs, Plan};
