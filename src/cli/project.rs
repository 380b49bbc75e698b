//! `atocore project`: registers, renames, merges and lists projects.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::operation::{WriteFlags, call_operation, into_object, print, write};
use super::options::Cli;
use super::read_flags::ReadFlags;
use super::reading::list_projects;
use crate::model::Result;

#[derive(Subcommand)]
pub enum ProjectCommand {
    /// Register a project
    Add(AddProject),
    /// Give a project another canonical name; the old one stays an alias
    Rename(RenameNames),
    /// Make a project part of another one; its names become aliases of that
    Merge(MergeNames),
    /// List all projects with their aliases and numbers of rows
    List(ReadFlags),
    /// Add aliases to a project; rows stored under them move to it
    Alias(AliasNames),
    /// Remove an alias of a project; its rows stay
    Unalias(RemovedAlias),
}

#[derive(Args)]
pub struct AddProject {
    /// Canonical name: lower-case letters and digits joined by hyphens
    name: String,
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Another name for it; may be given several times
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Args)]
pub struct RenameNames {
    /// Its name or an alias
    name: String,
    new_name: String,
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Args)]
pub struct MergeNames {
    /// Name or alias of the project that ends
    name: String,
    /// Name or alias of the project that gets its rows
    into: String,
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Args)]
pub struct AliasNames {
    /// Its name or an alias
    name: String,
    #[arg(required = true, value_name = "ALIAS")]
    aliases: Vec<String>,
    #[command(flatten)]
    flags: WriteFlags,
}

#[derive(Args)]
pub struct RemovedAlias {
    /// Its name or an alias
    name: String,
    alias: String,
    #[command(flatten)]
    flags: WriteFlags,
}

pub fn run(cli: &Cli, command: &ProjectCommand) -> Result<ExitCode> {
    match command {
        ProjectCommand::Add(AddProject { name, description, aliases, flags }) => {
            let fields = json!({ "name": name, "description": description, "aliases": aliases });
            let mut arguments = into_object(fields);
            flags.add_to(&mut arguments)?;
            print(call_operation(&cli.open()?, "register_project", arguments)?, &flags.output);
            Ok(ExitCode::SUCCESS)
        }
        ProjectCommand::Rename(RenameNames { name, new_name, flags }) => {
            write(cli, "rename_project", json!({ "name": name, "new_name": new_name }), flags)
        }
        ProjectCommand::Merge(MergeNames { name, into, flags }) => {
            write(cli, "merge_projects", json!({ "name": name, "into": into }), flags)
        }
        ProjectCommand::List(output) => list_projects(cli, output),
        ProjectCommand::Alias(AliasNames { name, aliases, flags }) => {
            let fields = json!({ "name": name, "aliases": aliases, "existing": true });
            write(cli, "register_project", fields, flags)
        }
        ProjectCommand::Unalias(RemovedAlias { name, alias, flags }) => {
            write(cli, "remove_project_alias", json!({ "name": name, "alias": alias }), flags)
        }
    }
}
