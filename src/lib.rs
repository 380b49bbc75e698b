//! atocore: a project-knowledge store for LLM agents, over MCP, on one SQLite file.
//!
//! In reading order, each layer depends only on those before it. `mcp` and `cli` are front ends. A
//! write is one `app` operation in one transaction that leaves an audit row.
//!
//! 1. [`model`]: the ontology, the lifecycle, claims and slots, errors with hints.
//! 2. [`store`]: one SQLite file, one guarded transaction, the audit as a hash chain.
//! 3. [`ops`]: create, promote, graduate, detect and settle conflicts, verify.
//! 4. [`app`]: the table of operations, the only way to run a write, answers.
//! 5. [`mcp`]: the operations as tools over standard input and output.
//! 6. [`cli`]: the operations as commands of the same binary.

pub mod app;
pub mod cli;
pub mod mcp;
pub mod model;
pub mod ops;
pub mod store;
