//! `atocore serve`: serves one MCP client over standard input and output.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::backup::{self, Automatic};
use super::log::FILE_TARGET;
use super::options::{Cli, Roots, show_absolute};
use super::out;
use super::upkeep::Limits;
use crate::app::Db;
use crate::app::approval::Promotion;
use crate::app::registry::{OperationRegistry, Selection};
use crate::app::rights::Rights;
use crate::app::service::Service;
use crate::app::store_handle::StoreHandle;
use crate::app::upkeep::UpkeepRun;
use crate::mcp::server::Server;
use crate::mcp::tools::Answers;
use crate::mcp::transport::LineTransport;
use crate::model::upkeep::UpkeepRules;
use crate::model::{Error, Result};
use crate::ops::maintain::upkeep::{self, UpkeepCursor};
use crate::platform::hear_file_size_limit;

#[derive(Args, Default)]
pub struct Serve {
    /// The default project of calls
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Additional tools: all, or names (register_project,set_project_state,…)
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    tools: Vec<String>,
    #[command(flatten)]
    roots: Roots,
    /// Who promotes, rejects and resolves conflicts
    #[arg(long, value_name = "WHO", value_enum, default_value_t)]
    promotion: PromotionChoice,
    /// The form of answers; it depends on the client, since some pass only one form to the model
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    answers: AnswersChoice,
    /// Read only: no writing tools, and no change to the file
    #[arg(long, conflicts_with_all = ["upkeep_every", "backup_every"])]
    read_only: bool,
    /// Lifetime of an idempotency key in hours; 24 if omitted
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8_760))]
    idempotency_hours: Option<u32>,
    /// Run `atocore upkeep` at the start and then every this many hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=8_760))]
    upkeep_every: Option<u64>,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    backups: Automatic,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum PromotionChoice {
    /// The agent, as instructed by the person
    #[default]
    Agent,
    /// The agent, after the person approved it in the client
    Ask,
    /// The person, on the command line
    Human,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum AnswersChoice {
    /// Text and structured content
    #[default]
    Both,
    /// Text only
    Text,
    /// Structured content only
    Structured,
}

impl From<AnswersChoice> for Answers {
    fn from(choice: AnswersChoice) -> Self {
        match choice {
            AnswersChoice::Both => Self::Both,
            AnswersChoice::Text => Self::Text,
            AnswersChoice::Structured => Self::Structured,
        }
    }
}

impl Serve {
    fn rights(&self) -> Rights {
        let promotion = match self.promotion {
            PromotionChoice::Agent => Promotion::Agent,
            PromotionChoice::Ask => Promotion::Ask,
            PromotionChoice::Human => Promotion::Human,
        };
        Rights { promotion, read_only: self.read_only, keeps_contents: false }
    }
}

pub fn run(cli: &Cli, serve: &Serve) -> Result<ExitCode> {
    if std::io::stdin().is_terminal() {
        out::error_line(
            "atocore waits for an MCP client on standard input, which is a terminal. A client starts it \
             itself; `atocore demo` shows a session, `atocore --help` the commands. Ctrl-D ends it.",
        );
    }
    let selection = match serve.tools.as_slice() {
        [] => Selection::Default,
        names if names.iter().any(|name| name == "all") => Selection::All,
        names => Selection::With(names.to_vec()),
    };
    let default_project = serve.project.clone();
    let roots = serve.roots.open()?;
    let mut settings = cli.settings()?;
    settings.key_hours = serve.idempotency_hours.unwrap_or(settings.key_hours);
    let ontology = Arc::clone(&settings.ontology);
    let registry = OperationRegistry::new(&ontology, &selection, default_project, serve.rights())?
        .with_person_access(cli.person_access()?);
    let (store, writer) = if serve.read_only {
        (StoreHandle::read_only(settings.clone())?, None)
    } else {
        let (store, writer) = StoreHandle::start(cli.open_with(settings.clone())?)?;
        (store, Some(writer))
    };
    // Also at the level `warn`, for somebody whose store seems to be empty.
    tracing::info!(target: FILE_TARGET, "serving {}", show_absolute(&settings.path));
    let timer =
        serve.upkeep_every.map(|hours| run_upkeep_loop(store.clone(), hours, serve.limits.rules()));
    let backups = serve.backups.rotation().map(|turns| backup::keep_backups(settings, turns));
    let server = Server::new(Service::new(store, registry, roots), serve.answers.into());
    // One thread suffices for the protocol, and keeps calls in order.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Internal(format!("the runtime: {error}")))?;
    let outcome = runtime.block_on(async {
        hear_file_size_limit();
        timer.map(tokio::spawn);
        backups.map(tokio::spawn);
        let (lines, writing) = LineTransport::stdio();
        let outcome = server.run(lines).await;
        // The remaining output is written as long as the client reads it.
        writing.finish().await;
        outcome
    });
    // A read of a terminal cannot be cancelled, so this does not wait for the runtime, only for the
    // writer thread.
    runtime.shutdown_background();
    if let Some(writer) = writer {
        writer.join().map_err(|_| Error::Internal("the writing thread panicked".to_owned()))?;
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Runs upkeep now and then periodically, between the calls of the client.
async fn run_upkeep_loop(store: StoreHandle, hours: u64, rules: UpkeepRules) {
    loop {
        match run_upkeep(&store, rules).await {
            Ok(changed) => tracing::info!("upkeep changed {changed} rows"),
            Err(error) => {
                tracing::warn!(outcome = error.code(), "upkeep");
                tracing::debug!("upkeep: {error}");
            }
        }
        tokio::time::sleep(std::time::Duration::from_secs(hours * 3_600)).await;
    }
}

async fn run_upkeep(store: &StoreHandle, rules: UpkeepRules) -> Result<usize> {
    if let Err(error) = store.read("upkeep", upkeep::refuse_doubtful_clock).await {
        tracing::warn!("upkeep is left out: {error}");
        return Ok(0);
    }
    let (mut changed, run) = (0, Arc::new(UpkeepRun::new(rules)));
    let mut place = Some(UpkeepCursor::default());
    while let Some(at) = place {
        let run = Arc::clone(&run);
        let page = move |db: &Db| run.run_page(db, &at);
        let page = store.run_steps("upkeep", page).await?;
        changed += page.steps.len();
        place = page.next;
    }
    Ok(changed)
}
