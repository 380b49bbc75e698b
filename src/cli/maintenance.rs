//! `atocore tools` and `atocore rebuild-claims`.

use std::process::ExitCode;

use super::Cli;
use crate::mcp::server::{Selection, select};
use crate::mcp::surface;
use crate::model::Result;
use crate::ops::{self, claims};

pub fn tools(cli: &Cli) -> Result<ExitCode> {
    print!("{}", surface::document(&select(&cli.ontology()?, &Selection::All)?));
    Ok(ExitCode::SUCCESS)
}

pub fn rebuild_claims(cli: &Cli) -> Result<ExitCode> {
    let done = ops::write(&cli.open_existing()?, "atocore", "rebuild-claims", claims::rebuild)?;
    println!("{} rows had wrong claims; {} conflicts changed", done.value, done.conflicts.len());
    Ok(ExitCode::SUCCESS)
}
