//! The options of `atocore web` about an identity provider.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;

use super::paths::path_parser;
use crate::http::oauth::{TokenIssuer, list_resources};
use crate::model::{Error, Result};

#[derive(Args)]
#[command(next_help_heading = "Tokens of an identity provider (OAuth)")]
pub struct OauthFlags {
    /// Accept the tokens of this issuer, named as in their claim iss
    #[arg(long, value_name = "URL")]
    oauth_issuer: Option<String>,
    /// The issuer's public keys, a JSON Web Key Set
    #[arg(long, value_name = "FILE", requires = "oauth_issuer", value_parser = path_parser())]
    oauth_keys: Option<PathBuf>,
    /// Fetch the keys from the issuer, at the address in its metadata
    #[arg(long, requires = "oauth_issuer", conflicts_with = "oauth_keys")]
    oauth_fetch_keys: bool,
    /// Also accept tokens for this audience, if the issuer does not name the address of the server;
    /// may be repeated
    #[arg(long, value_name = "NAME", requires = "oauth_issuer")]
    oauth_audience: Vec<String>,
    /// The claim that is the actor in the audit
    #[arg(long, value_name = "CLAIM", requires = "oauth_issuer", default_value = "sub")]
    oauth_actor_claim: String,
}

impl OauthFlags {
    /// Returns the issuer, for a server with these addresses.
    pub fn load_issuer(&self, origins: &[String]) -> Result<Option<TokenIssuer>> {
        let Some(issuer) = &self.oauth_issuer else { return Ok(None) };
        let keys = match (&self.oauth_keys, self.oauth_fetch_keys) {
            (Some(path), _) => Some(std::fs::read(path).map_err(|error| {
                let problem = format!("{}: {error}", path.display());
                Error::invalid(
                    "--oauth-keys",
                    problem,
                    "Give the answer of the provider's jwks_uri.",
                )
            })?),
            (None, true) => None,
            (None, false) => {
                let hint =
                    "Add --oauth-keys FILE, or --oauth-fetch-keys to read them from the issuer.";
                return Err(Error::invalid("--oauth-issuer", "its keys are not known", hint));
            }
        };
        let audiences: HashSet<String> =
            list_resources(origins).chain(self.oauth_audience.iter().cloned()).collect();
        TokenIssuer::new(issuer, keys.as_deref(), audiences, &self.oauth_actor_claim).map(Some)
    }
}
