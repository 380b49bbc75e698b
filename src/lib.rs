//! atocore: a project-knowledge store for LLM agents, over MCP, on one SQLite file.
//!
//! A program that embeds the store calls operations by the names and arguments of `docs/tools.md`:
//!
//! ```
//! use atocore::{Caller, Settings, call_now, open};
//! use serde_json::{Value, json};
//!
//! let folder = tempfile::tempdir()?;
//! let (store, _) = open(Settings::new(folder.path().join("store.db")))?;
//! let call = |operation, arguments: Value| -> Result<Value, Box<dyn std::error::Error>> {
//!     let arguments = serde_json::from_value(arguments)?;
//!     Ok(call_now(&store, operation, arguments, |_| Ok(Caller::new("anna")))?.structured)
//! };
//!
//! let cell = json!({ "entity_type": "component", "name": "Cell", "source_refs": ["doc:cell.md"] });
//! let proposed = call("create_entity", cell)?;
//! let found = call("get_entity", json!({ "entity_id": proposed["entity"]["entity_id"] }))?;
//! assert_eq!(found["entity"]["name"], "Cell");
//! assert_eq!(found["entity"]["status"], "candidate");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In reading order, each layer depends only on those before it. `mcp` and `cli` are front ends. A
//! write is one `app` operation in one transaction that leaves an audit row.
//!
//! 1. `model`: the ontology, the lifecycle, claims and slots, errors with hints.
//! 2. `store`: one SQLite file, one guarded transaction, the audit as a hash chain.
//! 3. `ops`: create, promote, graduate, detect and settle conflicts, verify.
//! 4. `app`: the table of operations, the only way to run a write, answers.
//! 5. `mcp`: the operations as tools over standard input and output.
//! 6. `cli`: the operations as commands of the same binary.
//!
//! The feature `test-support` makes the layers public, for this package's tests and benchmarks only.

#![warn(missing_docs)]
#![cfg_attr(feature = "test-support", allow(missing_docs))]

#[cfg(feature = "test-support")]
pub mod app;
#[cfg(not(feature = "test-support"))]
mod app;
mod cli;
#[cfg(feature = "test-support")]
pub mod http;
#[cfg(not(feature = "test-support"))]
mod http;
#[cfg(feature = "test-support")]
pub mod mcp;
#[cfg(not(feature = "test-support"))]
mod mcp;
#[cfg(feature = "test-support")]
pub mod model;
#[cfg(not(feature = "test-support"))]
mod model;
#[cfg(feature = "test-support")]
pub mod ops;
#[cfg(not(feature = "test-support"))]
mod ops;
mod platform;
#[cfg(feature = "test-support")]
pub mod store;
#[cfg(not(feature = "test-support"))]
mod store;

pub use app::answer::Answer;
pub use app::run::Caller;
pub use app::service::call_now;
pub use app::{Db, Durability, Settings, Upgrade, open};
pub use cli::run_command_line;
pub use model::{Error, Hint};
