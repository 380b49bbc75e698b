//! Converts the memory file of the reference MCP memory server to import lines: entities,
//! observations and relations. Nothing is lost: data without an equivalent is kept as text.

mod counts;
mod fields;
mod mapping;
mod plan;
mod read;
mod repair;

pub use fields::is_memory_file;
pub use mapping::{TypeMapping, propose_mapping, snake_case};
pub use plan::{MemoryFileArgs, Plan};
