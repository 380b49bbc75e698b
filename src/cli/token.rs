//! `atocore token`: tokens for programs that call the HTTP server.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::operation::OutputFlags;
use super::options::{Cli, actor_name};
use super::out;
use super::readable::ReadableStore;
use crate::app::access_tokens::{create_token, revoke_token};
use crate::model::{Result, Role};
use crate::ops::write::access_tokens::list_tokens;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it; it is not shown again
    Create(CreateToken),
    /// Revoke a token
    Revoke(RevokeToken),
    /// List all tokens
    List(OutputFlags),
}

#[derive(Args)]
pub struct CreateToken {
    /// The actor of its calls in the audit
    name: String,
    #[arg(long, value_enum)]
    role: RoleChoice,
    /// The reason; kept in the audit
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Args)]
pub struct RevokeToken {
    name: String,
    /// The reason; kept in the audit
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleChoice {
    /// Reads
    Read,
    /// Also proposes candidates and changes
    Propose,
    /// Also decides about them and about conflicts
    Review,
    /// Also erases contents, and may name other actors
    Admin,
}

impl From<RoleChoice> for Role {
    fn from(choice: RoleChoice) -> Self {
        match choice {
            RoleChoice::Read => Self::Read,
            RoleChoice::Propose => Self::Propose,
            RoleChoice::Review => Self::Review,
            RoleChoice::Admin => Self::Admin,
        }
    }
}

pub fn run(cli: &Cli, command: &TokenCommand) -> Result<ExitCode> {
    match command {
        TokenCommand::Create(CreateToken { name, role, note }) => {
            let actor = actor_name(None)?;
            out::print_line(create_token(&cli.open()?, &actor, name, (*role).into(), note)?);
        }
        TokenCommand::Revoke(RevokeToken { name, note }) => {
            let revoked = revoke_token(&cli.open_existing()?, &actor_name(None)?, name, note)?;
            let word = if revoked { "revoked" } else { "revoked before" };
            out::print_line(format!("{word}: {name}"));
        }
        TokenCommand::List(output) => {
            let tokens = ReadableStore::open(cli)?.read(list_tokens)?;
            if output.json {
                out::print_json(&json!({ "items": tokens }));
                return Ok(ExitCode::SUCCESS);
            }
            for token in &tokens {
                let state = match token.revoked_at.as_str() {
                    "" => String::new(),
                    instant => format!(", revoked {instant}"),
                };
                let (role, created) = (token.role.as_str(), &token.created_at);
                out::print_line(format!("{} {role}, created {created}{state}", token.name));
            }
            out::print_line(format!("{} tokens", tokens.len()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
