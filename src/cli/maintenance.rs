//! `atocore tools` and `atocore rebuild-claims`.

use std::process::ExitCode;

use super::{Cli, out};
use crate::mcp::server::{Selection, select};
use crate::mcp::surface;
use crate::model::Result;
use crate::ops::{self, claims};

pub fn tools(cli: &Cli) -> Result<ExitCode> {
    out::page(&surface::document(&select(&cli.ontology()?, &Selection::All)?));
    Ok(ExitCode::SUCCESS)
}

pub fn rebuild_claims(cli: &Cli) -> Result<ExitCode> {
    let done = ops::write(&cli.open_existing()?, "atocore", "rebuild-claims", claims::rebuild)?;
    let conflicts = done.conflicts.len();
    out::line(format!("{} rows had wrong claims; {conflicts} conflicts changed", done.value));
    Ok(ExitCode::SUCCESS)
}
