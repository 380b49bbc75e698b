//! atocore: a project-knowledge store for LLM agents, over MCP, on one SQLite file.
//!
//! The tour, in reading order. `model` says what things are, `store` how they are kept, `ops` what
//! may be done, `app` what can be asked for; `mcp` and `cli` are two doors to it. Each knows only
//! those before it. A write is one `app` operation in one transaction that leaves an audit row.
//!
//! 1. [`model`]: the ontology table, the lifecycle table, claims and slots, errors with hints.
//! 2. [`store`]: one SQLite file, one guarded transaction, the chained audit.
//! 3. [`ops`]: creating, promoting, graduating, finding and settling conflicts, verifying.
//! 4. [`app`]: the table of operations, the one way to run a write, answers.
//! 5. [`mcp`]: the table as tools over standard input and output.
//! 6. [`cli`]: the table as commands of the same binary.

pub mod app;
pub mod cli;
pub mod mcp;
pub mod model;
pub mod ops;
pub mod store;
