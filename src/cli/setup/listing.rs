//! The clients on this machine, and what they start.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

use super::clients::{CLIENTS, Client, Folders};
use super::config_file::ConfigFile;
use super::entry::read_command;
use crate::cli::out;
use crate::model::Result;

/// A client on this machine.
struct Installed {
    client: &'static Client,
    file: PathBuf,
    /// Our entry, or why the file cannot be read.
    entry: Result<Option<Value>, String>,
}

fn find_installed() -> Result<Vec<Installed>> {
    let folders = Folders::find()?;
    let placed = CLIENTS.iter().filter_map(|client| Some((client, client.place?(&folders))));
    let present = placed.filter(|(_, place)| place.folder.is_dir() || place.file().is_file());
    let installed = present.map(|(client, place)| {
        let file = place.file().to_owned();
        let entry = ConfigFile::read(&file).map_err(|error| error.to_string());
        let entry =
            entry.and_then(|read| client.slot.find_entry(read.text.as_deref().unwrap_or_default()));
        Installed { client, file, entry }
    });
    Ok(installed.collect())
}

/// Lists the clients that are installed, with whether they have atocore, and the names of all others.
pub fn list_clients() -> Result<ExitCode> {
    let installed = find_installed()?;
    for Installed { client, file, entry } in &installed {
        let state = match entry {
            Ok(Some(_)) => "set up",
            Ok(None) => "installed",
            Err(_) => "its file cannot be read",
        };
        out::print_line(format!("{}: {state} ({})", client.name, file.display()));
    }
    let is_absent =
        |client: &&Client| !installed.iter().any(|installed| installed.client.name == client.name);
    let others: Vec<_> = CLIENTS.iter().filter(is_absent).map(|client| client.name).collect();
    out::print_line(format!("not found here: {}", others.join(", ")));
    out::print_line("next: atocore setup CLIENT");
    Ok(ExitCode::SUCCESS)
}

/// Checks that each client with atocore can start it.
pub fn check_clients() -> Result<ExitCode> {
    let (mut count, mut faults) = (0, 0);
    for Installed { client, file, entry } in find_installed()? {
        let name = client.name;
        match entry {
            Ok(None) => {}
            Ok(Some(entry)) => {
                count += 1;
                let words = read_command(&entry);
                let program = words.first().map_or("", String::as_str);
                let is_there = has_program(program);
                faults += usize::from(!is_there);
                let state = if is_there { "exists" } else { "does not exist" };
                out::print_line(format!("{name}: {}", file.display()));
                out::print_line(format!("  program {program} ({state})"));
                out::print_line(format!("  store {}", describe_store(&words)));
            }
            Err(problem) => {
                faults += 1;
                out::print_line(format!("{name}: {} cannot be read: {problem}", file.display()));
            }
        }
    }
    out::print_line(format!("set up: {count}, with a fault: {faults}"));
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a program exists, by its path or in `PATH`.
fn has_program(program: &str) -> bool {
    if Path::new(program).components().count() > 1 {
        return Path::new(program).is_file();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    !program.is_empty()
        && std::env::split_paths(&paths).any(|folder| {
            let path = folder.join(program);
            path.is_file() || path.with_extension("exe").is_file()
        })
}

fn describe_store(words: &[String]) -> String {
    let given = words.iter().skip_while(|word| *word != "--db").nth(1);
    match given {
        None => "the default".to_owned(),
        Some(path) if Path::new(path).is_file() => format!("{path} (exists)"),
        Some(path) => format!("{path} (does not exist; the client's first start creates it)"),
    }
}
