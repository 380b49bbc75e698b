//! The MCP server: the operations as tools, plus resources, prompts, elicitation and the stdio
//! transport. It contains no business rules and no SQL.

pub mod address;
mod approval;
mod apps;
pub mod backpressure;
mod caching;
pub(crate) mod completion;
mod context;
pub mod errors;
#[cfg(feature = "conformance-fixtures")]
pub(crate) mod fixtures;
mod log;
pub mod message;
pub(crate) mod next_step;
pub(crate) mod prompts;
pub mod resources;
mod rights;
pub mod server;
mod skills;
pub(crate) mod surface;
pub mod tools;
pub mod transport;
