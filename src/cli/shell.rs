//! `atocore completions` and `atocore man`: what shells and `man` read.

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use super::out;
use crate::model::{Error, Result};

/// `atocore completions`: a completion script.
#[derive(Args)]
pub struct Completions {
    shell: Shell,
}

pub fn print_completions(mut command: Command, args: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "atocore", &mut script);
    out::print_page(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}

pub fn print_manual(command: Command) -> Result<ExitCode> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| Error::Internal(error.to_string()))?;
    out::print_page(&String::from_utf8_lossy(&page));
    Ok(ExitCode::SUCCESS)
}
