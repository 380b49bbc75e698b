//! Operations: one table of typed operations, the only way to run a write, and answers as text and
//! structured content. The front ends (`mcp`, `cli`) offer the table.
//!
//! A program that embeds the store calls operations by the names and arguments of `docs/tools.md`:
//!
//! ```
//! use atocore::app::run::Caller;
//! use atocore::app::service::call_now;
//! use atocore::app::{Settings, open};
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

pub mod answer;
pub mod approval;
pub mod ingest;
pub mod limits;
pub mod operation;
pub mod operations;
pub mod present;
pub mod registry;
pub mod rights;
pub mod run;
pub(crate) mod schema;
pub mod service;
pub mod store_handle;
pub(crate) mod upkeep;

pub use crate::ops::open;
pub use crate::store::{Db, Durability, Reader, Settings, Upgrade};
