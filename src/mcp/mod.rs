//! MCP: the table of operations as tools, resources, prompts, elicitation and the transport over
//! standard input and output. It has no rules and no SQL of its own.

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
