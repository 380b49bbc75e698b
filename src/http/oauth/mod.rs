//! Access tokens of an organisation's identity provider: JSON Web Tokens (RFC 9068), whose signature,
//! issuer, audience and time are checked, and whose scopes are the role.

mod issuer;
mod key_cache;
mod keys;
pub mod metadata;
mod signature;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{StatusCode, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header, get_current_timestamp};
use serde_json::{Map, Value};
use tokio::time::Instant;

use self::issuer::IssuerAddress;
use self::key_cache::{IssuerKeys, KeyCache, PAUSE};
use self::keys::KeySet;
use super::challenge::{Challenge, name_scope};
use super::mcp_servers::PATHS;
use super::problem::Problem;
use crate::app::service::Identity;
use crate::model::text::is_hidden;
use crate::model::{Error, Result, Role};
use crate::ops::record::actor::name_actor;

/// Maximum bytes of a token.
const MAX_TOKEN: usize = 16 * 1024;
/// Maximum characters of a claim that becomes a name in the audit.
const MAX_CLAIM: usize = 255;
/// Seconds by which the clock of the provider may differ.
const LEEWAY: u64 = 60;
/// The longest life of a stream: an instant has to hold its end.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// An identity provider whose tokens are accepted.
pub struct TokenIssuer {
    address: IssuerAddress,
    keys: IssuerKeys,
    audiences: HashSet<String>,
    actor_claim: String,
}

/// The holder of a valid token.
pub struct TokenHolder {
    pub role: Role,
    pub identity: Identity,
    /// When streams of the holder end.
    pub expires: Instant,
}

impl TokenIssuer {
    /// Returns an issuer whose keys are the given ones, a JSON Web Key Set, or else those that it
    /// serves.
    pub fn new(
        address: &str,
        keys: Option<&[u8]>,
        audiences: HashSet<String>,
        actor_claim: &str,
    ) -> Result<Self> {
        signature::install_provider();
        let address = IssuerAddress::parse(address)?;
        let keys = match keys {
            Some(json) => IssuerKeys::Fixed(Arc::new(KeySet::parse(json).map_err(|problem| {
                let hint = "Give the answer of the provider's jwks_uri.";
                Error::invalid("--oauth-keys", problem, hint)
            })?)),
            None => IssuerKeys::Fetched(KeyCache::new(address.clone())),
        };
        Ok(Self { address, keys, audiences, actor_claim: actor_claim.to_owned() })
    }

    pub fn name(&self) -> &str {
        &self.address.text
    }

    /// Returns the holder of a token.
    pub async fn verify_token(&self, token: &str) -> Result<TokenHolder, Problem> {
        if token.len() > MAX_TOKEN {
            return Err(refuse_token(&format!("the token has more than {MAX_TOKEN} bytes")));
        }
        let header = decode_header(token).map_err(|_| refuse_token("the token cannot be read"))?;
        let keys = self.keys.get(&header).await.ok_or_else(|| {
            let hint = "Try again later; the log of the server has the reason.";
            let detail = format!("the keys of {} cannot be read", self.address.text);
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, hint)
                .with_header(header::RETRY_AFTER, PAUSE.as_secs().to_string())
        })?;
        let mut refusal = "the issuer has no key for the algorithm and key of the token";
        for key in keys.find(&header) {
            let mut validation = Validation::new(header.alg);
            validation.algorithms.clone_from(&key.algorithms);
            validation.leeway = LEEWAY;
            validation.validate_nbf = true;
            validation.set_issuer(&[&self.address.text]);
            validation.aud = Some(self.audiences.clone());
            validation.set_required_spec_claims(&["exp", "iss", "aud"]);
            match decode::<Map<String, Value>>(token, &key.key, &validation) {
                Ok(data) => return self.read_holder(&data.claims),
                Err(error) => refusal = describe_refusal(error.kind()),
            }
        }
        Err(refuse_token(refusal))
    }

    /// Returns the holder that the claims name. The name of the provider is part of the actor and the
    /// client, so neither can be that of a token of the server or of a person on this machine.
    fn read_holder(&self, claims: &Map<String, Value>) -> Result<TokenHolder, Problem> {
        let granted = find_role(claims).ok_or_else(|| {
            let hint =
                format!("Ask the identity provider for the scope {}.", name_scope(Role::Propose));
            let detail = "the token has no scope of atocore";
            Problem::new(StatusCode::FORBIDDEN, "refused", detail, hint)
                .with_challenge(Challenge::Beyond(Role::Propose))
        })?;
        // Anybody can give another person's address where the provider does not verify it.
        if self.actor_claim == "email" && claims.get("email_verified") == Some(&Value::Bool(false))
        {
            return Err(refuse_token("the email address of the token's holder is not verified"));
        }
        let mark = |name: String| format!("{name} ({})", self.address.host());
        let actor = read_name(claims, &self.actor_claim)
            .and_then(|name| name_actor("user", name))
            .ok_or_else(|| {
                refuse_token(&format!("the claim {} of the token names nobody", self.actor_claim))
            })?;
        let client = ["client_id", "azp"].iter().find_map(|claim| read_name(claims, claim));
        let client =
            client.map_or_else(|| self.address.host().to_owned(), |name| mark(name.to_owned()));
        let identity = Identity { actor: mark(actor), client, names_actors: false };
        Ok(TokenHolder { role: granted, identity, expires: find_expiry(claims) })
    }
}

/// Returns the highest role among the scopes. Providers list them as `scope` or as `scp`, each as one
/// text or as a list.
fn find_role(claims: &Map<String, Value>) -> Option<Role> {
    let lists = ["scope", "scp"].iter().filter_map(|name| claims.get(*name));
    let texts = lists.flat_map(|list| match list {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    });
    let scopes: HashSet<&str> =
        texts.filter_map(Value::as_str).flat_map(str::split_whitespace).collect();
    Role::ALL.into_iter().rev().find(|role| scopes.contains(name_scope(*role).as_str()))
}

/// Returns when a valid token expires.
fn find_expiry(claims: &Map<String, Value>) -> Instant {
    let seconds = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
    let left = seconds - get_current_timestamp() as f64;
    let left = Duration::try_from_secs_f64(left.max(0.0)).unwrap_or(LONGEST);
    Instant::now() + left.min(LONGEST)
}

/// Returns a claim that can be a name.
fn read_name<'c>(claims: &'c Map<String, Value>, claim: &str) -> Option<&'c str> {
    let name = claims.get(claim)?.as_str()?;
    let unreadable = |c: char| c.is_control() || is_hidden(c);
    let fits = name.chars().count() <= MAX_CLAIM && !name.contains(unreadable);
    Some(name).filter(|name| fits && !name.trim().is_empty())
}

/// Returns the names of the server as a resource, which clients ask for (RFC 8707): its addresses with
/// and without a path of MCP. Some clients end an address without a path in a slash.
pub fn list_resources(origins: &[String]) -> impl Iterator<Item = String> {
    let paths = PATHS.map(|(path, _)| path);
    let paths = ["", "/"].into_iter().chain(paths);
    paths.flat_map(move |path| origins.iter().map(move |origin| format!("{origin}{path}")))
}

fn describe_refusal(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidIssuer => "the token is of another issuer",
        ErrorKind::InvalidAudience => "the token is for another server",
        ErrorKind::InvalidSignature => "the signature of the token is wrong",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            "the token lacks iss, aud or exp"
        }
        _ => "the token cannot be read",
    }
}

fn refuse_token(detail: &str) -> Problem {
    let hint = "Get a new token for this server from the identity provider.";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail, hint)
        .with_challenge(Challenge::Invalid)
}
