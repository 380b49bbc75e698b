//! How an agent asks: MCP tools over standard input and output, without rules or SQL of their own.

pub mod address;
pub mod answer;
pub mod approval;
pub mod bound;
pub mod bridge;
pub mod completion;
pub mod errors;
pub mod ingest;
pub mod limits;
mod log;
pub mod message;
pub mod next_step;
pub mod outputs;
pub mod prompts;
pub mod resources;
pub mod rights;
pub mod room;
pub mod rows;
pub mod schema;
pub mod server;
pub mod shelf;
mod stop;
mod streams;
pub mod surface;
pub mod tool;
pub mod tools;
pub mod transport;
