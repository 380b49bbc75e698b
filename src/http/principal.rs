//! The sender of a request, and the rules about who gets in.

use std::future::pending;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::http::StatusCode;
use tokio::time::{Instant, sleep_until};

use super::challenge::{Challenge, name_scope};
use super::oauth::TokenIssuer;
use super::problem::Problem;
use super::session::WebSession;
use crate::app::service::Identity;
use crate::model::Role;

/// The rules of a server about who gets in.
#[derive(Clone)]
pub struct AccessRules {
    /// Accepted values of the header Host.
    pub hosts: Vec<String>,
    /// The address of the server as browsers show it, such as `http://127.0.0.1:8420`.
    pub origins: Vec<String>,
    /// The role of requests without credentials; `None` refuses them.
    pub anonymous: Option<Role>,
    /// The proxies whose connections are accepted; any peer if empty.
    pub proxies: Vec<IpAddr>,
    /// The identity provider whose tokens are accepted.
    pub issuer: Option<Arc<TokenIssuer>>,
    /// Maximum requests a second of one caller; no limit if `None`.
    pub rate_limit: Option<NonZeroU32>,
}

impl AccessRules {
    /// Returns the address of the server by which a request named it.
    pub fn find_origin(&self, host: &str) -> &str {
        let names_host = |origin: &&String| {
            origin.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host))
        };
        let named = self.origins.iter().find(names_host).or(self.origins.first());
        named.map(String::as_str).unwrap_or_default()
    }
}

/// How a principal proved who they are.
#[derive(Debug, Clone)]
pub enum Credential {
    Absent,
    Token,
    /// A token of the identity provider.
    Jwt {
        expires: Instant,
    },
    Session(Arc<WebSession>),
}

/// The sender of a request.
#[derive(Debug, Clone)]
pub struct Principal {
    pub role: Role,
    pub identity: Identity,
    pub credential: Credential,
}

impl Principal {
    /// Returns the problem of a request beyond the principal's role.
    pub fn refuse(&self, needed: Role) -> Problem {
        let detail = format!("this needs the role {}", needed.as_str());
        let forbid = |hint| Problem::new(StatusCode::FORBIDDEN, "refused", detail.clone(), hint);
        if let Credential::Jwt { .. } = self.credential {
            let hint = format!("Ask the identity provider for the scope {}.", name_scope(needed));
            return forbid(hint).with_challenge(Challenge::Beyond(needed));
        }
        let mut hint = format!(
            "Send a token of that role as Authorization: Bearer TOKEN (atocore token create NAME \
             --role {}).",
            needed.as_str()
        );
        if needed == Role::Review {
            hint.push_str(" A person can also decide on the page of atocore web.");
        }
        match self.credential {
            Credential::Absent => require_token(&detail, &hint),
            _ => forbid(hint),
        }
    }

    /// Waits until the principal's token expires; for ever if it does not.
    pub fn wait_for_expiry(&self) -> impl Future<Output = ()> + Send + use<> {
        let expires = match self.credential {
            Credential::Jwt { expires } => Some(expires),
            _ => None,
        };
        async move {
            match expires {
                Some(expires) => sleep_until(expires).await,
                None => pending().await,
            }
        }
    }

    pub fn session(&self) -> Option<&WebSession> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            _ => None,
        }
    }
}

/// Returns the problem of a request without credentials.
pub fn require_token(detail: &str, hint: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail, hint)
        .with_challenge(Challenge::Absent)
}
