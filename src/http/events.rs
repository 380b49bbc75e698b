//! `GET /events`: tells of each change of the store, by any process, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;

use super::access::may_continue;
use super::principal::Principal;
use super::problem::Problem;
use super::state::WebState;
use crate::app::changes::{StoreChange, last_sequence, list_changes_after};
use crate::model::{Error, Result};
use crate::ops::View;

/// Maximum changes that are read at once.
const PAGE: i64 = 200;

/// Streams the changes after `Last-Event-ID`, or from now on.
pub async fn stream_events(
    State(state): State<Arc<WebState>>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if query.is_some_and(|query| !query.is_empty()) {
        let hint = "Send the last event as the header Last-Event-ID, and a token as Authorization.";
        return Problem::from(Error::invalid("query", "this route takes none", hint))
            .into_response();
    }
    match start_stream(&state, principal, &headers).await {
        Ok(response) => response,
        Err(error) => Problem::from(error).into_response(),
    }
}

async fn start_stream(
    state: &Arc<WebState>,
    principal: Principal,
    headers: &HeaderMap,
) -> Result<Response> {
    let newest = state.events.subscribe();
    let after = match headers.get("last-event-id") {
        None => state.store.read("events", last_sequence).await?,
        Some(given) => given.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| {
            let hint = "Send the id of the last event that was received.";
            Error::invalid("last-event-id", "it is no number", hint)
        })?,
    };
    let (waiting, expiry) = (Vec::new(), principal.wait_for_expiry());
    let listener = Listener { state: Arc::clone(state), principal, newest, after, waiting };
    let events = stream::unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let events = events.take_until(Box::pin(expiry));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// A listener, and the changes that it has not received yet.
struct Listener {
    state: Arc<WebState>,
    principal: Principal,
    newest: watch::Receiver<Option<i64>>,
    after: i64,
    /// In reverse order.
    waiting: Vec<StoreChange>,
}

impl Listener {
    /// Waits for the next change; `None` if the server stops, the store cannot be read or the listener's
    /// token is revoked.
    async fn next(&mut self) -> Option<Event> {
        while self.newest.borrow().is_some() {
            if let Some(change) = self.waiting.pop() {
                self.after = change.sequence;
                let data = serde_json::to_string(&change).ok()?;
                return Some(Event::default().id(change.sequence.to_string()).data(data));
            }
            let after = self.after;
            let read = move |view: &View<'_>| list_changes_after(view, after, PAGE);
            self.waiting = self.state.store.read("events", read).await.ok()?;
            self.waiting.reverse();
            if self.waiting.is_empty() {
                self.newest.changed().await.ok()?;
            } else if !may_continue(&self.state, &self.principal).await.ok()? {
                return None;
            }
        }
        None
    }
}
