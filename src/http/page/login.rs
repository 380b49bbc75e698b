//! Signing in: by the one-time link, or with a token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maud::html;

use super::form::Form;
use super::layout::document;
use super::visit::{Visit, finish, html as render, see_other, show_problem};
use crate::http::access::{Visitor, cookie};
use crate::http::problem::Problem;
use crate::http::session::{LIFETIME, SESSION_COOKIE};
use crate::http::state::WebState;
use crate::ops::write::access_tokens::recognise_token;

/// Shows the form for a token, or begins the session of a one-time link.
pub async fn show_login(State(state): State<Arc<WebState>>, uri: Uri) -> Response {
    let query = Form::parse(uri.query().unwrap_or_default());
    let Some(code) = query.filled("code") else { return render(StatusCode::OK, token_form("")) };
    match state.sessions.begin_by_link(code) {
        Ok(Some(cookie)) => begin_session(&state, &cookie),
        Ok(None) => {
            let used = "The link was used already, or is of an earlier start of the server.";
            render(StatusCode::UNAUTHORIZED, token_form(used))
        }
        Err(error) => show_problem(&error.into()),
    }
}

/// Begins a session with a token.
pub async fn sign_in(State(state): State<Arc<WebState>>, body: Bytes) -> Response {
    let secret = Form::parse(&String::from_utf8_lossy(&body)).text("token").trim().to_owned();
    let begun = async {
        let token = state.store.read("token", move |view| recognise_token(view, &secret)).await?;
        token.map(|token| state.sessions.begin(&token.name, token.role)).transpose()
    };
    match begun.await {
        Ok(Some(cookie)) => begin_session(&state, &cookie),
        Ok(None) => {
            render(StatusCode::UNAUTHORIZED, token_form("The token is unknown or revoked."))
        }
        Err(error) => show_problem(&Problem::from(error)),
    }
}

/// Ends the session.
pub async fn sign_out(
    State(state): State<Arc<WebState>>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let ended = Visit::posting(Arc::clone(&state), visitor, &body).map(|_| {
        if let Some(key) = cookie(&headers, SESSION_COOKIE) {
            state.sessions.end(key);
        }
        see_other("/login")
    });
    finish(ended)
}

/// Sets the cookie on a page that leads on. A redirect would be part of the navigation from another
/// program, with which the browser does not send a strict cookie.
fn begin_session(state: &WebState, key: &str) -> Response {
    let secure = if state.has_tls() { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
        LIFETIME.as_secs()
    );
    let page = document(
        "Signed in",
        html! {
            main.alone id="detail" {
                meta http-equiv="refresh" content="0; url=/ui/inbox";
                h1 { "You are signed in" }
                p { a href="/ui/inbox" { "Open the inbox" } }
            }
        },
    );
    let mut response = render(StatusCode::OK, page);
    if let Ok(cookie) = cookie.parse() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.into_response()
}

fn token_form(problem: &str) -> maud::Markup {
    document(
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
