//! atocore: a project-knowledge store for LLM agents, over MCP, on one SQLite file.
pub mod model;
pub mod ops;
pub mod store;
