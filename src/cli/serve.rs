//! `atocore serve`: one MCP client over standard input and output.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::Cli;
use super::backup::{self, Automatic};
use super::ingest::Roots;
use super::upkeep::Limits;
use crate::mcp::bridge::Bridge;
use crate::mcp::rights::{Promotion, Rights};
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
    /// Who makes rows active, turns them down and settles conflicts
    #[arg(long, value_name = "WHO", value_enum, default_value_t)]
    promotion: PromotionChoice,
    /// Read only: no tool that writes, and no change to the file
    #[arg(long, conflicts_with_all = ["upkeep_every", "backup_every"])]
    read_only: bool,
    /// How long an idempotency key holds, in hours; 24 if left out
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8_760))]
    idempotency_hours: Option<u32>,
    /// Do what `atocore upkeep` does, at the start and then again after so many hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=8_760))]
    upkeep_every: Option<u64>,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    backups: Automatic,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum PromotionChoice {
    /// The agent, as the person told it
    #[default]
    Agent,
    /// The agent, once the person has approved it in the client
    Ask,
    /// The person, on the command line
    Human,
}

impl Serve {
    fn rights(&self) -> Rights {
        let promotion = match self.promotion {
            PromotionChoice::Agent => Promotion::Agent,
            PromotionChoice::Ask => Promotion::Ask,
            PromotionChoice::Human => Promotion::Human,
        };
        Rights { promotion, read_only: self.read_only }
    }
}

pub fn run(cli: &Cli, serve: &Serve) -> Result<ExitCode> {
    let selection = match serve.tools.as_slice() {
        [] => Selection::Default,
        names if names.iter().any(|name| name == "all") => Selection::All,
        names => Selection::With(names.to_vec()),
    };
    let default_project = serve.project.clone();
    let roots = serve.roots.open()?;
    let options = Options { selection, default_project, roots, rights: serve.rights() };
    let mut settings = cli.settings()?;
    settings.key_hours = serve.idempotency_hours.unwrap_or(settings.key_hours);
    let ontology = Arc::clone(&settings.ontology);
    let (bridge, writer) = if serve.read_only {
        (Bridge::read_only(settings.clone())?, None)
    } else {
        let (bridge, writer) = Bridge::start(cli.open_with(settings.clone())?)?;
        (bridge, Some(writer))
    };
    let timer =
        serve.upkeep_every.map(|hours| keep_up(bridge.clone(), hours, serve.limits.rules()));
    let backups = serve.backups.rotation().map(|turns| backup::keep_backups(settings, turns));
    let server = Server::new(bridge, &ontology, options)?;
    // One thread is enough for the protocol, and keeps calls in the order in which they came.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("the runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        hear_file_size_limit();
        timer.map(tokio::spawn);
        backups.map(tokio::spawn);
        let (lines, writing) = Lines::stdio();
        let outcome = server.run(lines).await;
        // What is still to be written goes out while somebody reads it.
        writing.finish().await;
        outcome
    });
    // A read of a terminal cannot be cancelled, so the runtime is not waited for; the writer is.
    runtime.shutdown_background();
    if let Some(writer) = writer {
        writer.join().map_err(|_| Error::Internal("the writing thread panicked".to_owned()))?;
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Hears the signal of a file that may not grow, which would end the process: the write fails, and
/// its caller is told so.
fn hear_file_size_limit() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGXFSZ on Linux (but for MIPS), macOS and the BSDs.
        const FILE_SIZE_LIMIT: i32 = 25;
        if let Err(error) = signal(SignalKind::from_raw(FILE_SIZE_LIMIT)) {
            tracing::debug!("the signal of the file size limit: {error}");
        }
    }
}

/// Does upkeep now and every so many hours, between the calls of the client.
async fn keep_up(bridge: Bridge, hours: u64, rules: Rules) {
    loop {
        match keep_up_once(&bridge, rules).await {
            Ok(changed) => tracing::info!("upkeep changed {changed} rows"),
            Err(error) => {
                tracing::warn!(outcome = error.code(), "upkeep");
                tracing::debug!("upkeep: {error}");
            }
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
