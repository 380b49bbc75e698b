//! How an agent asks: MCP tools over standard input and output, without rules or SQL of their own.

pub mod answer;
pub mod bound;
pub mod bridge;
pub mod ingest;
pub mod outputs;
pub mod rows;
pub mod schema;
pub mod server;
pub mod surface;
pub mod tool;
pub mod tools;
pub mod transport;
