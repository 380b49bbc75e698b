//! The address of an identity provider, and its keys as it serves them.

use std::time::Duration;

use axum::http::Uri;
use serde::Deserialize;
use ureq::Agent;

use super::keys::KeySet;
use crate::http::outgoing::{configure_agent, is_local};
use crate::model::{Error, Result};

/// How long one request to the provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum bytes of an answer of the provider.
const MAX_ANSWER: u64 = 1024 * 1024;

/// The address of an identity provider: the claim `iss` of its tokens, letter for letter.
#[derive(Debug, Clone)]
pub struct IssuerAddress {
    pub text: String,
    uri: Uri,
}

/// The part of its metadata that is needed (RFC 8414, OpenID Connect Discovery).
#[derive(Deserialize)]
struct IssuerMetadata {
    issuer: String,
    jwks_uri: String,
}

impl IssuerAddress {
    pub fn parse(given: &str) -> Result<Self> {
        let invalid = |problem: &str| {
            let hint = "Give the issuer as its tokens name it, such as https://login.example.org.";
            Error::invalid("--oauth-issuer", format!("{given:?} {problem}"), hint)
        };
        let uri: Uri = given.parse().map_err(|_| invalid("is no address"))?;
        if !is_safe(&uri) {
            return Err(invalid("is no https:// address"));
        }
        if uri.query().is_some() || given.contains(['#', '@']) {
            return Err(invalid("has a query, a fragment or a user"));
        }
        Ok(Self { text: given.to_owned(), uri })
    }

    /// Returns the host, by which the audit names the provider.
    pub fn host(&self) -> &str {
        self.uri.authority().map(|authority| authority.as_str()).unwrap_or_default()
    }

    /// Fetches the keys from the address in the provider's metadata.
    pub fn fetch_keys(&self) -> Result<KeySet, String> {
        let local = is_local(self.uri.host().unwrap_or_default());
        let agent = configure_agent(local).timeout_global(Some(TIMEOUT)).build().new_agent();
        let mut problems = Vec::new();
        for address in self.metadata_addresses() {
            match self.read_keys_address(&agent, &address) {
                Ok(keys) => {
                    let body = get_answer(&agent, &keys)?;
                    return KeySet::parse(&body).map_err(|problem| format!("{keys}: {problem}"));
                }
                Err(problem) => problems.push(problem),
            }
        }
        Err(problems.join("; "))
    }

    /// Returns the places of the metadata: RFC 8414 puts the name before the path of the issuer,
    /// OpenID Connect after it.
    fn metadata_addresses(&self) -> [String; 2] {
        let path = self.uri.path().trim_end_matches('/');
        let whole = self.text.trim_end_matches('/');
        let origin = whole.strip_suffix(path).unwrap_or(whole);
        [
            format!("{origin}/.well-known/oauth-authorization-server{path}"),
            format!("{whole}/.well-known/openid-configuration"),
        ]
    }

    fn read_keys_address(&self, agent: &Agent, address: &str) -> Result<String, String> {
        let body = get_answer(agent, address)?;
        let metadata: IssuerMetadata =
            serde_json::from_slice(&body).map_err(|error| format!("{address}: {error}"))?;
        if metadata.issuer != self.text {
            return Err(format!("{address} is of another issuer, {:?}", metadata.issuer));
        }
        // A provider on the network must not direct requests to services of this machine.
        let is_remote = !self.uri.host().is_some_and(is_local);
        let keys: Option<Uri> = metadata.jwks_uri.parse().ok();
        keys.filter(|uri| is_safe(uri) && !(is_remote && uri.host().is_some_and(is_local)))
            .map(|_| metadata.jwks_uri)
            .ok_or_else(|| format!("{address}: jwks_uri is no https:// address"))
    }
}

/// Whether an address has TLS, or is of this machine.
fn is_safe(uri: &Uri) -> bool {
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(host)) => !host.is_empty(),
        (Some("http"), Some(host)) => is_local(host),
        _ => false,
    }
}

fn get_answer(agent: &Agent, address: &str) -> Result<Vec<u8>, String> {
    let got = agent.get(address).header("Accept", "application/json").call();
    let mut response = got.map_err(|error| format!("{address}: {error}"))?;
    if response.status() != 200 {
        return Err(format!("{address} answered {}", response.status()));
    }
    let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
    body.map_err(|error| format!("{address}: {error}"))
}
