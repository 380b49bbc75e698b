//! `atocore baseline` and `atocore diff`: names for the store as it was, and its differences.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::operation::{OutputFlags, WriteFlags, read, write};
use super::options::Cli;
use super::out;
use super::read_flags::{ReadFlags, parse_time};
use super::readable::ReadableStore;
use crate::app::operations::TimeComparison;
use crate::app::present::differences::print_comparison;
use crate::model::Result;
use crate::ops::read::comparison::compare_times;
use crate::ops::record::record_change::snapshot_value;

#[derive(Subcommand)]
pub enum BaselineCommand {
    /// Name the store as it is, or as it was; --as-of takes the name from then on
    Create(NamedTime),
    /// List the baselines, and whether the audit log still holds what each names
    List(ReadFlags),
}

#[derive(Args)]
pub struct NamedTime {
    /// The name, such as PDR or 1.2
    name: String,
    /// An instant, a date (its end in UTC) or the handle of an operation (o…); now if omitted
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<String>,
    #[command(flatten)]
    flags: WriteFlags,
}

pub fn run(cli: &Cli, command: &BaselineCommand) -> Result<ExitCode> {
    match command {
        BaselineCommand::Create(named) => {
            let arguments = json!({ "name": named.name, "as_of": named.as_of });
            write(cli, "create_baseline", arguments, &named.flags)
        }
        BaselineCommand::List(flags) => read(cli, "list_baselines", json!({}), flags),
    }
}

#[derive(Args)]
pub struct ComparedTimes {
    /// An instant, a date (its end in UTC), the handle of an operation (o…) or a baseline
    from: String,
    /// The same; now if omitted
    to: Option<String>,
    /// Only this project
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    format: DiffFormat,
    #[command(flatten)]
    output: OutputFlags,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// Lines
    #[default]
    Text,
    /// Markdown, for the description of a pull request
    Markdown,
}

/// Prints all differences.
pub fn run_diff(cli: &Cli, args: &ComparedTimes) -> Result<ExitCode> {
    let store = ReadableStore::open(cli)?;
    store.read(|view| {
        let found = compare_times(view, &args.from, args.to.as_deref(), args.project.as_deref())?;
        if args.output.json {
            out::print_json(&snapshot_value(&TimeComparison::whole(view, &found)?)?);
            return Ok(());
        }
        let markdown = args.format == DiffFormat::Markdown;
        print_comparison(view, &found, markdown, |line| out::print_line(line))
    })?;
    Ok(ExitCode::SUCCESS)
}
