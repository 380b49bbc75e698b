//! `atocore serve`: one MCP client over standard input and output.

use std::process::ExitCode;

use clap::Args;

use super::Cli;
use super::ingest::Roots;
use super::upkeep::Limits;
use crate::mcp::bridge::Bridge;
use crate::mcp::server::{Options, Selection, Server};
use crate::mcp::transport::Lines;
use crate::model::upkeep::Rules;
use crate::model::{Error, Result};
use crate::ops::conflicts;
use crate::ops::upkeep::{self, Place};
use crate::store::{Tx, View};

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
    /// Do what `atocore upkeep` does, at the start and then again after so many hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=8_760))]
    upkeep_every: Option<u64>,
    #[command(flatten)]
    limits: Limits,
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
    let timer =
        serve.upkeep_every.map(|hours| keep_up(bridge.clone(), hours, serve.limits.rules()));
    let server = Server::new(bridge, &ontology, options)?;
    // One thread is enough for the protocol, and keeps calls in the order in which they came.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("the runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        timer.map(tokio::spawn);
        let (lines, writing) = Lines::stdio();
        let outcome = server.run(lines).await;
        // What is still to be written goes out while somebody reads it.
        writing.finish().await;
        outcome
    });
    // A read of a terminal cannot be cancelled, so the runtime is not waited for; the writer is.
    runtime.shutdown_background();
    writer.join().map_err(|_| Error::Internal("the writing thread panicked".to_owned()))?;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Does upkeep now and every so many hours, between the calls of the client.
async fn keep_up(bridge: Bridge, hours: u64, rules: Rules) {
    loop {
        match keep_up_once(&bridge, rules).await {
            Ok(changed) => tracing::info!("upkeep changed {changed} rows"),
            Err(error) => tracing::warn!("upkeep: {error}"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(hours * 3_600)).await;
    }
}

async fn keep_up_once(bridge: &Bridge, rules: Rules) -> Result<usize> {
    let mut changed = 0;
    let mut place = Some(Place::default());
    while let Some(at) = place {
        let here = at.clone();
        let look = move |view: &View<'_>| upkeep::look(view, &rules, &here);
        let (mut due, mut next) = bridge.read("upkeep", look).await?;
        if !due.is_empty() {
            let actor = at.job().actor().to_owned();
            let apply = move |tx: &Tx<'_>| {
                let done = upkeep::apply(tx, &rules, &at)?;
                conflicts::detect(tx)?;
                Ok(done)
            };
            (due, next) = bridge.write(actor, "upkeep", apply).await?;
        }
        changed += due.len();
        place = next;
    }
    Ok(changed)
}
