//! Signing in: by the one-time link, or with a token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::form::Form;
use super::layout::{finish_page, render_document, respond_html};
use super::visit::{PageVisit, see_other};
use crate::http::access::read_cookie;
use crate::http::principal::Principal;
use crate::http::session::{LIFETIME, SESSION_COOKIE};
use crate::http::state::WebState;
use crate::ops::write::access_tokens::recognise_token;

/// Shows the form for a token, or begins the session of a one-time link.
pub async fn show_login(State(state): State<Arc<WebState>>, method: Method, uri: Uri) -> Response {
    let query = Form::parse(uri.query().unwrap_or_default());
    // A program that only looks at the link does not use it up.
    let code = query.filled("code").filter(|_| method == Method::GET);
    let Some(code) = code else {
        return respond_html(StatusCode::OK, render_token_form(""));
    };
    match state.sessions.begin_by_link(code) {
        Ok(Some(cookie)) => begin_session(&state, &cookie),
        Ok(None) => {
            let used = "The link was used already, or is of an earlier start of the server.";
            respond_html(StatusCode::UNAUTHORIZED, render_token_form(used))
        }
        Err(error) => finish_page(Err(error.into())),
    }
}

/// Begins a session with a token.
pub async fn sign_in(State(state): State<Arc<WebState>>, body: Bytes) -> Response {
    let secret = Form::parse(&String::from_utf8_lossy(&body)).text("token").trim().to_owned();
    let begun = async {
        let token = state.store.read("token", move |view| recognise_token(view, &secret)).await?;
        token.map(|token| state.sessions.begin_by_token(&token.name, token.role)).transpose()
    };
    match begun.await {
        Ok(Some(cookie)) => begin_session(&state, &cookie),
        Ok(None) => respond_html(
            StatusCode::UNAUTHORIZED,
            render_token_form("The token is unknown or revoked."),
        ),
        Err(error) => finish_page(Err(error.into())),
    }
}

/// Ends the session.
pub async fn sign_out(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let ended = PageVisit::posting(Arc::clone(&state), principal, &body).map(|_| {
        if let Some(key) = read_cookie(&headers, SESSION_COOKIE) {
            state.sessions.end(key);
        }
        see_other("/login")
    });
    finish_page(ended)
}

/// Sets the cookie on a page that leads on. A redirect would be part of the navigation from another
/// program, with which the browser does not send a strict cookie.
fn begin_session(state: &WebState, key: &str) -> Response {
    let secure = if state.has_tls() { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
        LIFETIME.as_secs()
    );
    let page = render_document(
        "Signed in",
        html! {
            main.alone id="detail" {
                meta http-equiv="refresh" content="0; url=/ui/inbox";
                h1 { "You are signed in" }
                p { a href="/ui/inbox" { "Open the inbox" } }
            }
        },
    );
    let mut response = respond_html(StatusCode::OK, page);
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.into_response()
}

fn render_token_form(problem: &str) -> maud::Markup {
    render_document(
        "Sign in",
        html! {
            main.alone id="detail" {
                h1 { "Sign in" }
                @if !problem.is_empty() { p.error role="alert" { (problem) } }
                p { "Open the link that " code { "atocore web" } " printed at its start, or give a token." }
                form method="post" action="/login" {
                    label for="token" { "Token" }
                    input id="token" name="token" type="password" autocomplete="off" required;
                    button.go { "Sign in" }
                }
                p.soft { "An operator makes a token with "
                    code { "atocore token create NAME --role review" } "." }
            }
        },
    )
}
