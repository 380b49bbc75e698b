//! `atocore serve`: one MCP client over standard input and output.

use std::process::ExitCode;

use clap::Args;

use super::Cli;
use super::ingest::Roots;
use crate::mcp::bridge::Bridge;
use crate::mcp::server::{Options, Selection, Server};
use crate::mcp::transport::Lines;
use crate::model::{Error, Result};

#[derive(Args, Default)]
pub struct Serve {
    /// The project of calls that name none
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Tools beside the default ones: all, or names (register_project,set_project_state,…)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    tools: Vec<String>,
    #[command(flatten)]
    roots: Roots,
}

pub fn run(cli: &Cli, serve: &Serve) -> Result<ExitCode> {
    let selection = match serve.tools.as_slice() {
        [] => Selection::Default,
        names if names.iter().any(|name| name == "all") => Selection::All,
        names => Selection::With(names.to_vec()),
    };
    let default_project = serve.project.clone();
    let options = Options { selection, default_project, roots: serve.roots.open()? };
    let db = cli.open()?;
    let ontology = db.settings().ontology.clone();
    let (bridge, writer) = Bridge::start(db)?;
    let server = Server::new(bridge, &ontology, options)?;
    // One thread is enough for the protocol, and keeps calls in the order in which they came.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("the runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        let (lines, written) = Lines::stdio();
        let outcome = server.run(lines).await;
        // What is still to be written goes out while somebody reads it.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), written).await;
        outcome
    });
    // A read of a terminal cannot be cancelled, so the runtime is not waited for; the writer is.
    runtime.shutdown_background();
    writer.join().map_err(|_| Error::Internal("the writing thread panicked".to_owned()))?;
    outcome.map(|()| ExitCode::SUCCESS)
}
