//! The MCP server: the operations as tools, plus resources, prompts, elicitation and the stdio
//! transport. It contains no business rules and no SQL.

pub mod address;
mod approval;
pub mod backpressure;
pub mod completion;
pub mod errors;
mod log;
pub mod message;
pub mod next_step;
pub mod prompts;
pub mod resources;
mod rights;
pub mod server;
mod stop;
mod streams;
pub mod surface;
pub mod tools;
pub mod transport;
