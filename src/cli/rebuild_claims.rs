//! `atocore rebuild-claims`: rebuilds the claims from the rows.

use std::process::ExitCode;

use super::options::Cli;
use super::out;
use crate::model::Result;
use crate::model::text::count_noun;
use crate::ops;
use crate::ops::record::{actor, claims, names};

pub fn run(cli: &Cli) -> Result<ExitCode> {
    let done = ops::write_and_detect_conflicts(
        &cli.open_existing()?,
        actor::PROGRAM,
        "rebuild-claims",
        |tx| Ok(claims::rebuild(tx)? + names::rebuild(tx)?),
    )?;
    let rows = count_noun(done.value, "row");
    let conflicts = count_noun(done.conflicts.len(), "conflict");
    out::print_line(format!("{rows} had wrong claims; {conflicts} changed"));
    Ok(ExitCode::SUCCESS)
}
