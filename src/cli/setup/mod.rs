//! `atocore setup`: puts atocore into the configuration of MCP clients, and takes it out.

mod clients;
mod config_file;
mod config_text;
mod entry;
mod json_text;
mod listing;
mod toml_text;
mod yaml_text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use self::clients::{CLIENTS, Client, Folders, find_client};
use self::config_file::ConfigFile;
use self::entry::{Launch, merge_entry};
use super::default_store::set_default_store;
use super::options::{Cli, show_absolute};
use super::out;
use super::paths::path_parser;
use crate::model::{Error, Result};
use crate::platform::quote_for_shell;

#[derive(Args)]
pub struct Setup {
    /// The client; without one, the clients on this machine are listed
    #[arg(value_parser = PossibleValuesParser::new(CLIENTS.map(|client| client.name)))]
    client: Option<String>,
    /// The default project of the client's calls
    #[arg(long, value_name = "NAME", requires = "client")]
    project: Option<String>,
    /// Show the difference, and write nothing
    #[arg(long, requires = "client")]
    dry_run: bool,
    /// Take the entry out again
    #[arg(long, requires = "client", conflicts_with = "project")]
    remove: bool,
    /// The client's file, such as one of a project; the user's own if omitted
    #[arg(long, value_name = "FILE", requires = "client", value_parser = path_parser())]
    file: Option<PathBuf>,
    /// List the clients that have atocore, with program and store; exit code 1 if one cannot start it
    #[arg(long, conflicts_with = "client")]
    check: bool,
    /// Print the text for a project's AGENTS.md or CLAUDE.md that tells an agent when to ask and propose
    #[arg(long, conflicts_with_all = ["client", "check"])]
    agents_md: bool,
}

/// What an agent has to know before it calls the first tool.
const AGENTS_MD: &str = include_str!("agents.md");

pub fn run(cli: &Cli, setup: &Setup) -> Result<ExitCode> {
    match setup.client.as_deref().and_then(find_client) {
        None if setup.check => listing::check_clients(),
        None if setup.agents_md => {
            out::print_page(AGENTS_MD);
            Ok(ExitCode::SUCCESS)
        }
        None => listing::list_clients(),
        Some(client) if setup.remove => remove_client(client, setup),
        Some(client) => add_client(cli, client, setup),
    }
}

/// What an `atocore setup` does with a file.
enum ConfigChange<'a> {
    Write(&'a str),
    Delete,
}

fn add_client(cli: &Cli, client: &Client, setup: &Setup) -> Result<ExitCode> {
    let store = to_text("--db", Path::new(&show_absolute(&cli.database_path()?)))?;
    let launch = find_launch(cli, client, setup, &store)?;
    let entry = (client.shape)(&launch);
    let Some(path) = find_file(client, setup)? else {
        out::print_line(format!(
            "{} keeps its servers in its settings; paste there:",
            client.title
        ));
        out::print_page(&render_snippet(client, &entry));
        return remember_store(&store, setup.dry_run);
    };
    let file = ConfigFile::read(&path)?;
    let old = file.text.as_deref().unwrap_or(client.new_file);
    let (old_entry, new) = client
        .slot
        .find_entry(old)
        .and_then(|old_entry| {
            let entry = merge_entry(old_entry.as_ref(), &entry);
            let new = match old_entry.as_ref() == Some(&entry) {
                true => old.to_owned(),
                false => client.slot.put_entry(old, &entry)?,
            };
            Ok((old_entry, new))
        })
        .map_err(|problem| refuse_edit(client, &path, &problem, Some(&entry)))?;
    if file.text.as_deref() == Some(&new) {
        out::print_line(format!("already set up: {} in {}", client.title, path.display()));
        return remember_store(&store, setup.dry_run);
    }
    // The backup stays if only our entry has changed since, so that a removal restores it.
    let keeps_backup = old_entry.is_some() && find_original(client, &file)?.is_some();
    apply_change(client, &file, &ConfigChange::Write(&new), setup.dry_run, keeps_backup)?;
    if !setup.dry_run {
        out::print_line(format!("set up {} in {}", client.title, path.display()));
        out::print_line(format!("it starts {} with the store {store}", launch.program));
        out::print_line("atocore setup --agents-md prints a text for the AGENTS.md of a project");
    }
    if let Some(command) = client.own_command {
        let words = [&launch.program].into_iter().chain(&launch.arguments);
        let words: Vec<_> = words.map(|word| quote_for_shell(word)).collect();
        out::print_line(format!("its own command for this: {command} {}", words.join(" ")));
    }
    remember_store(&store, setup.dry_run)
}

fn remove_client(client: &Client, setup: &Setup) -> Result<ExitCode> {
    let Some(path) = find_file(client, setup)? else {
        out::print_line(format!("remove it in the settings of {}", client.title));
        return Ok(ExitCode::SUCCESS);
    };
    let file = ConfigFile::read(&path)?;
    let refuse = |problem: String| refuse_edit(client, &path, &problem, None);
    let text = file.text.as_deref().unwrap_or_default();
    if client.slot.find_entry(text).map_err(refuse)?.is_none() {
        out::print_line(format!("not set up: {} in {}", client.title, path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let original = find_original(client, &file)?;
    let removed = client.slot.remove_entry(text);
    let change = match &original {
        Some(Some(before)) => ConfigChange::Write(before),
        Some(None) => ConfigChange::Delete,
        None => ConfigChange::Write(removed.as_ref().map_err(|problem| refuse(problem.clone()))?),
    };
    apply_change(client, &file, &change, setup.dry_run, original.is_some())?;
    if !setup.dry_run {
        if original.is_some() {
            file.remove_backup()?;
        }
        out::print_line(format!("removed from {}: {}", client.title, path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the file that the client's entry goes to; `None` if it has none.
fn find_file(client: &Client, setup: &Setup) -> Result<Option<PathBuf>> {
    match (&setup.file, client.place) {
        (Some(file), _) => Ok(Some(file.clone())),
        (None, Some(place)) => Ok(Some(place(&Folders::find()?).file().to_owned())),
        (None, None) => Ok(None),
    }
}

fn find_launch(cli: &Cli, client: &Client, setup: &Setup, store: &str) -> Result<Launch> {
    let program = std::env::current_exe()
        .map_err(|error| Error::Internal(format!("the path of this program: {error}")))?;
    let mut arguments = vec!["--db".to_owned(), store.to_owned()];
    if let Some(ontology) = cli.ontology_path() {
        let ontology = to_text("--ontology", Path::new(&show_absolute(ontology)))?;
        arguments.extend(["--ontology".to_owned(), ontology]);
    }
    arguments.push("serve".to_owned());
    if let Some(project) = &setup.project {
        arguments.extend(["--project".to_owned(), project.clone()]);
    }
    if let Some(answers) = client.answers {
        arguments.extend(["--answers".to_owned(), answers.to_owned()]);
    }
    Ok(Launch { program: to_text("program", &program)?, arguments })
}

/// Returns a path as text, which is all that a configuration can hold.
fn to_text(field: &str, path: &Path) -> Result<String> {
    let problem = || "its path is not UTF-8, which a configuration cannot hold";
    let text = path.to_str().filter(|text| !text.contains('\u{fffd}'));
    text.map(str::to_owned)
        .ok_or_else(|| Error::invalid(field, problem(), "Move or rename the file."))
}

/// Returns the file as it was without our entry, if nothing else has changed since: its text, or that
/// there was none.
fn find_original(client: &Client, file: &ConfigFile) -> Result<Option<Option<String>>> {
    let current = file.text.as_deref().unwrap_or_default();
    let backup = file.read_backup()?;
    let before = backup.as_deref().unwrap_or(client.new_file);
    let again = match (client.slot.find_entry(before), client.slot.find_entry(current)) {
        (Ok(None), Ok(Some(entry))) => client.slot.put_entry(before, &entry).ok(),
        _ => None,
    };
    Ok((again.as_deref() == Some(current)).then_some(backup))
}

/// Shows a change of a file and makes it, unless it is a dry run.
fn apply_change(
    client: &Client,
    file: &ConfigFile,
    change: &ConfigChange<'_>,
    dry_run: bool,
    keeps_backup: bool,
) -> Result<()> {
    let new = match change {
        ConfigChange::Write(text) => text,
        ConfigChange::Delete => "",
    };
    out::print_page(&file.render_diff(new));
    if dry_run {
        out::print_line(format!("dry run: nothing was written for {}", client.title));
        return Ok(());
    }
    if !keeps_backup {
        file.back_up()?;
    }
    match change {
        ConfigChange::Write(text) => file.replace(text)?,
        ConfigChange::Delete => return file.remove(),
    }
    if file.text.is_some() && !keeps_backup {
        out::print_line(format!("the previous file is kept as {}", file.backup_path().display()));
    }
    Ok(())
}

fn render_snippet(client: &Client, entry: &Value) -> String {
    // An entry in an empty file has no cause to fail.
    client.slot.put_entry("", entry).unwrap_or_default()
}

/// Explains why a file stays as it is, and shows the entry to be added by hand.
fn refuse_edit(client: &Client, path: &Path, problem: &str, entry: Option<&Value>) -> Error {
    if let Some(entry) = entry {
        out::print_line(format!("to add by hand to {}:", path.display()));
        out::print_page(&render_snippet(client, entry));
    }
    Error::Refused {
        problem: format!("{} was not changed: {problem}", path.display()),
        hint: "Correct the file, or change it by hand.".into(),
    }
}

fn remember_store(store: &str, dry_run: bool) -> Result<ExitCode> {
    if !dry_run && let Some(file) = set_default_store(store)? {
        let file = file.display();
        out::print_line(format!("commands without --db open {store} from now on ({file})"));
    }
    Ok(ExitCode::SUCCESS)
}
