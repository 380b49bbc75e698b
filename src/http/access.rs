//! Who gets in: checks host, origin and credentials of each request, and gives it a role.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::challenge::{Challenge, METADATA_PATH};
use super::mcp_servers::PATHS;
use super::principal::{AccessRules, Credential, Principal, require_token};
use super::problem::Problem;
use super::rate_limit::name_address;
use super::session::{SESSION_COOKIE, WebSession};
use super::state::WebState;
use crate::app::access_tokens::PREFIX;
use crate::app::service::Identity;
use crate::model::{Result, Role};
use crate::ops::write::access_tokens::{is_valid, recognise_token};

/// The actor of requests without credentials that name none.
const ANONYMOUS: &str = "api-http";
/// The client of requests without credentials.
const HTTP: &str = "http";

/// Maximum bytes of the body of a refused request that are read, so that its connection can go on.
const MAX_DISCARDED: usize = 64 * 1024;
/// How long such a body may take.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks a request, and adds its [`Principal`] for the handlers.
pub async fn check_access(
    State(state): State<Arc<WebState>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let metadata = metadata_address(&state.rules, &parts);
    let checked = check_request(&state, &parts).await;
    let problem = match checked {
        Ok(principal) => {
            parts.extensions.insert(principal);
            let response = next.run(Request::from_parts(parts, body)).await;
            return render_challenge(response, metadata.as_deref());
        }
        Err(problem) => problem,
    };
    let answered = if problem.status == StatusCode::UNAUTHORIZED && is_browser(&parts) {
        (StatusCode::SEE_OTHER, [(header::LOCATION, "/login")]).into_response()
    } else {
        problem.into_response()
    };
    let response = render_challenge(answered, metadata.as_deref());
    refuse_with_body(response, body).await
}

/// Reads the body of a refused request, so that its connection can go on; an answer to one whose body
/// does not end says that the connection ends.
pub async fn refuse_with_body(mut response: Response, body: Body) -> Response {
    if !discard_body(body).await {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads the body of a refused request; returns whether it ended. An unread body would end the
/// connection while the client sends its next request, such as that for the metadata.
async fn discard_body(body: Body) -> bool {
    let read = tokio::time::timeout(DISCARD_TIMEOUT, to_bytes(body, MAX_DISCARDED)).await;
    matches!(read, Ok(Ok(_)))
}

/// Adds the header of a challenge.
fn render_challenge(mut response: Response, metadata: Option<&str>) -> Response {
    if let Some(challenge) = response.extensions_mut().remove::<Challenge>()
        && let Ok(value) = challenge.render(metadata).parse()
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// Returns the address of the metadata for a path, if an identity provider gives tokens.
fn metadata_address(rules: &AccessRules, request: &Parts) -> Option<String> {
    rules.issuer.as_ref()?;
    let host = read_header(&request.headers, &header::HOST).unwrap_or_default();
    let path = request.uri.path();
    let path = PATHS.iter().map(|(known, _)| *known).find(|known| *known == path);
    Some(format!("{}{METADATA_PATH}{}", rules.find_origin(host), path.unwrap_or_default()))
}

async fn check_request(state: &WebState, request: &Parts) -> Result<Principal, Problem> {
    check_addresses(&state.rules, request)?;
    let identified = identify_principal(state, request).await;
    let known = identified.as_ref().ok();
    let known = known.filter(|principal| !matches!(principal.credential, Credential::Absent));
    let caller = match known {
        Some(principal) => principal.identity.actor.clone(),
        None => find_address(&state.rules, request).map(name_address).unwrap_or_default(),
    };
    state.rate_limits.check(&caller)?;
    identified
}

/// Returns the address of the caller; behind a proxy the one that the proxy saw.
fn find_address(rules: &AccessRules, request: &Parts) -> Option<IpAddr> {
    let peer = request.extensions.get::<IpAddr>().copied();
    if rules.proxies.is_empty() {
        return peer;
    }
    let forwarded = request.headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok()).or(peer)
}

/// Whether a browser asks for a page.
fn is_browser(request: &Parts) -> bool {
    let accepted = read_header(&request.headers, &header::ACCEPT).unwrap_or_default();
    request.method == Method::GET && accepted.contains("text/html")
}

/// Refuses a foreign host or origin. A page of another site whose name resolves to this server sends
/// its own name as Host (DNS rebinding); a form or script of another site sends its Origin.
fn check_addresses(rules: &AccessRules, request: &Parts) -> Result<(), Problem> {
    let headers = &request.headers;
    let peer = request.extensions.get::<IpAddr>();
    if !rules.proxies.is_empty() && !peer.is_some_and(|peer| rules.proxies.contains(peer)) {
        let hint = "Connect through the proxy, or name its address with --behind-proxy.";
        let detail = "this address is not that of the proxy";
        return Err(Problem::new(StatusCode::FORBIDDEN, "refused", detail, hint));
    }
    let host = read_header(headers, &header::HOST).unwrap_or_default().to_ascii_lowercase();
    if !rules.hosts.contains(&host) {
        let hint = format!("Use {}.", rules.origins.join(" or "));
        let detail = "the header Host names another server";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "refused", detail, hint));
    }
    let origin = read_header(headers, &header::ORIGIN);
    match origin {
        None if is_form(headers) => {
            Err(foreign_origin("a form, or a body that is not declared as JSON, has no Origin"))
        }
        None => Ok(()),
        Some(origin) if rules.origins.iter().any(|own| own.eq_ignore_ascii_case(origin)) => Ok(()),
        Some(_) => Err(foreign_origin("it comes from a page of another site")),
    }
}

/// Whether a body is one that a page of any site may send without asking.
fn is_form(headers: &HeaderMap) -> bool {
    let kind = read_header(headers, &header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let simple = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    simple.iter().any(|one| kind.starts_with(one))
}

fn foreign_origin(detail: &str) -> Problem {
    let hint = "Send a form from the page itself; a program sends Content-Type: application/json and no \
                Origin.";
    Problem::new(StatusCode::FORBIDDEN, "refused", detail, hint)
}

/// Returns the value of a header that occurs once.
fn read_header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok();
    if values.next().is_some() { Some("") } else { first.or(Some("")) }
}

async fn identify_principal(state: &WebState, request: &Parts) -> Result<Principal, Problem> {
    let headers = &request.headers;
    if let Some(given) = read_header(headers, &header::AUTHORIZATION) {
        return identify_token(state, given).await;
    }
    if let Some(session) = find_session(state, headers).await? {
        let safe = matches!(request.method, Method::GET | Method::HEAD);
        if !safe && read_header(headers, &header::ORIGIN).is_none() {
            return Err(foreign_origin("a change by the page's session has no Origin"));
        }
        let client = HTTP.to_owned();
        let identity = Identity { actor: session.person.clone(), client, names_actors: false };
        let (role, credential) = (session.role, Credential::Session(session));
        return Ok(Principal { role, identity, credential });
    }
    let identity =
        Identity { actor: ANONYMOUS.to_owned(), client: HTTP.to_owned(), names_actors: true };
    match state.rules.anonymous {
        Some(role) => Ok(Principal { role, identity, credential: Credential::Absent }),
        None if state.is_public(request.uri.path()) => {
            Ok(Principal { role: Role::Read, identity, credential: Credential::Absent })
        }
        None => Err(require_token(
            "this server needs a token",
            "Send it as Authorization: Bearer TOKEN; the operator makes one with atocore token create.",
        )),
    }
}

/// Returns the session of a cookie; one that a token began ends with the token.
async fn find_session(
    state: &WebState,
    headers: &HeaderMap,
) -> Result<Option<Arc<WebSession>>, Problem> {
    let key = read_cookie(headers, SESSION_COOKIE);
    let Some(session) = key.and_then(|key| state.sessions.find(key)) else { return Ok(None) };
    let valid = is_token_valid(state, &session.token).await?;
    Ok(Some(session).filter(|_| valid))
}

/// Whether the token is valid by which a principal came, if it came by one.
pub async fn may_continue(state: &WebState, principal: &Principal) -> Result<bool> {
    match &principal.credential {
        Credential::Absent | Credential::Jwt { .. } => Ok(true),
        Credential::Token => is_token_valid(state, &principal.identity.client).await,
        Credential::Session(session) => is_token_valid(state, &session.token).await,
    }
}

/// Whether a token is valid; a session without one has an empty name.
async fn is_token_valid(state: &WebState, name: &str) -> Result<bool> {
    if name.is_empty() {
        return Ok(true);
    }
    let name = name.to_owned();
    state.store.read("token", move |view| is_valid(view, &name)).await
}

async fn identify_token(state: &WebState, given: &str) -> Result<Principal, Problem> {
    let refused = || {
        let hint = "Ask the operator for a token: atocore token create NAME --role ROLE.";
        let detail = "the token is unknown or revoked";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail, hint)
            .with_challenge(Challenge::Invalid)
    };
    let (scheme, secret) = given.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refused());
    }
    let secret = secret.trim().to_owned();
    if let Some(issuer) = &state.rules.issuer
        && !secret.starts_with(PREFIX)
    {
        let holder = issuer.verify_token(&secret).await?;
        let (role, identity, expires) = (holder.role, holder.identity, holder.expires);
        return Ok(Principal { role, identity, credential: Credential::Jwt { expires } });
    }
    let token = state.store.read("token", move |view| recognise_token(view, &secret)).await?;
    let token = token.ok_or_else(refused)?;
    let names_actors = token.role == Role::Admin;
    let identity = Identity { actor: token.name.clone(), client: token.name, names_actors };
    Ok(Principal { role: token.role, identity, credential: Credential::Token })
}

/// Returns the value of a cookie.
pub fn read_cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}
