//! `atocore tools`: prints the reference of all tools as Markdown.

use std::process::ExitCode;

use super::options::Cli;
use super::out;
use crate::app::operations::list_operations;
use crate::mcp::surface;
use crate::model::Result;

pub fn run(cli: &Cli) -> Result<ExitCode> {
    out::print_page(&surface::document_tools(&list_operations(&cli.ontology()?)));
    Ok(ExitCode::SUCCESS)
}
