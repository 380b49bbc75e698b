//! `atocore merge`: two rows that are one thing.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::operation::{WriteFlags, into_object, write};
use super::options::Cli;
use super::readable::ReadableStore;
use crate::app::service::prepare_read;
use crate::model::{Error, Result};

#[derive(Args)]
pub struct Merge {
    /// The entity or memory that ends
    id: String,
    /// The one that stays, with the links, sources and names of both
    into: String,
    /// Refuse if the one that ends changed since this version
    #[arg(long, value_name = "VERSION")]
    expected_version: Option<i64>,
    #[command(flatten)]
    flags: WriteFlags,
}

pub fn run(cli: &Cli, args: &Merge) -> Result<ExitCode> {
    let Merge { id, into, expected_version, flags } = args;
    let (operation, ended) = match find_kind(cli, id)?.as_str() {
        "entity" => ("merge_entities", "entity_id"),
        "memory" => ("merge_memories", "memory_id"),
        kind => {
            let problem = format!("{id} is of the kind {kind}");
            return Err(Error::invalid("id", problem, "Name two entities, or two memories."));
        }
    };
    let arguments = json!({ ended: id, "into": into, "expected_version": expected_version });
    write(cli, operation, arguments, flags)
}

/// Returns the kind of a row.
fn find_kind(cli: &Cli, id: &str) -> Result<String> {
    let store = ReadableStore::open(cli)?;
    let wanted = into_object(json!({ "id": id }));
    let found = store.read(prepare_read(&store.settings().ontology, "get_row", wanted)?)?;
    let kinds = ["entity", "memory", "relationship", "conflict", "project_state", "revision"];
    let kind = kinds.into_iter().find(|kind| found.structured.get(*kind).is_some());
    Ok(kind.unwrap_or("other").to_owned())
}
