//! The server over HTTP, and the session with it.

use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use ureq::http::{Request, Response, Uri};
use ureq::{Agent, Body, BodyReader};

use super::event_stream::EventStream;
use super::message_head::MessageHead;
use crate::http::outgoing::{configure_agent, is_local};
use crate::model::{Error, Result};

/// Maximum bytes of an answer that is no stream.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
const SESSION: &str = "Mcp-Session-Id";
const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// The server.
pub struct Remote {
    agent: Agent,
    url: String,
    authorization: Option<String>,
    session: Mutex<RemoteSession>,
}

/// The session with the server, before protocol 2026-07-28.
#[derive(Default, Clone)]
struct RemoteSession {
    id: Option<String>,
    version: Option<String>,
    /// The message that began it, by which it is begun again if the server lost it.
    handshake: Vec<u8>,
}

/// The answer to a line.
pub enum RemoteAnswer {
    Nothing,
    Message(Vec<u8>),
    Events(EventStream<BodyReader<'static>>),
}

impl Remote {
    pub fn new(url: &str, token: Option<String>) -> Result<Self> {
        let invalid = |problem: &str| {
            let hint = "Give the address of MCP on the server, such as https://HOST/mcp.";
            Error::invalid("URL", format!("{url:?} {problem}"), hint)
        };
        let uri: Uri = url.parse().map_err(|_| invalid("is no address"))?;
        let host = uri.host().ok_or_else(|| invalid("names no host"))?;
        let local = is_local(host);
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if local || token.is_none() => {}
            Some("http") => return Err(invalid("would send the token unencrypted")),
            _ => return Err(invalid("begins with neither http:// nor https://")),
        }
        let authorization = token.map(|token| format!("Bearer {token}"));
        let agent = configure_agent(local).build().new_agent();
        Ok(Self { agent, url: url.to_owned(), authorization, session: Mutex::default() })
    }

    /// Sends a line, and returns after the head of the answer.
    pub fn send(&self, line: Vec<u8>, head: &MessageHead) -> RemoteAnswer {
        let answered = if head.method == "initialize" {
            self.begin_session(line, head)
        } else {
            self.pass_on(&line, head)
        };
        answered.unwrap_or_else(|problem| {
            tracing::warn!("{problem}");
            head.error(&problem).map_or(RemoteAnswer::Nothing, RemoteAnswer::Message)
        })
    }

    /// Sends a line. If the server has lost the session, begins it again first.
    fn pass_on(&self, line: &[u8], head: &MessageHead) -> Result<RemoteAnswer, String> {
        let session = self.session().clone();
        let response = self.post(line, head, &session)?;
        if response.status() != 404 || session.id.is_none() || is_json(&response) {
            return read_response(response);
        }
        tracing::info!("the server has ended the session; a new one begins");
        let handshake = MessageHead::read(&session.handshake);
        self.begin_session(session.handshake, &handshake)?;
        let session = self.session().clone();
        self.post(INITIALIZED, &MessageHead::read(INITIALIZED), &session)?;
        read_response(self.post(line, head, &session)?)
    }

    /// Sends the handshake, and waits for its answer, which has the session and the version.
    fn begin_session(&self, line: Vec<u8>, head: &MessageHead) -> Result<RemoteAnswer, String> {
        let response = self.post(&line, head, &RemoteSession::default())?;
        let id = response.headers().get(SESSION).and_then(|id| id.to_str().ok());
        let id = id.map(str::to_owned);
        let mut answer = read_response(response)?;
        if let RemoteAnswer::Events(mut events) = answer {
            let message = std::iter::from_fn(|| events.next_message())
                .find(|message| head.is_answered_by(message));
            let message = message.ok_or("the connection ended before the answer")?;
            answer = RemoteAnswer::Message(message);
        }
        if let RemoteAnswer::Message(message) = &answer
            && let Some(version) = MessageHead::read(message).negotiated
        {
            *self.session() = RemoteSession { id, version: Some(version), handshake: line };
        }
        Ok(answer)
    }

    fn post(
        &self,
        line: &[u8],
        head: &MessageHead,
        session: &RemoteSession,
    ) -> Result<Response<Body>, String> {
        let request = self
            .request("POST", session)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream");
        let version = head.version.as_ref().or(session.version.as_ref());
        let version = version.map(|version| ("MCP-Protocol-Version", version.clone()));
        let headers = version.into_iter().chain(head.headers());
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        self.run(request.body(line))
    }

    fn request(&self, method: &str, session: &RemoteSession) -> ureq::http::request::Builder {
        let request = Request::builder().method(method).uri(&self.url);
        let known =
            [("Authorization", self.authorization.as_ref()), (SESSION, session.id.as_ref())];
        let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
        known.fold(request, |request, (name, value)| request.header(name, value))
    }

    fn run(
        &self,
        request: Result<Request<impl ureq::AsSendBody>, ureq::http::Error>,
    ) -> Result<Response<Body>, String> {
        let request = request.map_err(|error| format!("the request cannot be sent: {error}"))?;
        let unreachable = |error| format!("the server at {} does not answer: {error}", self.url);
        self.agent.run(request).map_err(unreachable)
    }

    /// Ends the session, so that the server does not keep it.
    pub fn end_session(&self) {
        let session = self.session().clone();
        if session.id.is_some()
            && let Err(problem) = self.run(self.request("DELETE", &session).body(()))
        {
            tracing::debug!("the session was not ended: {problem}");
        }
    }

    fn session(&self) -> MutexGuard<'_, RemoteSession> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the answer in a response; an error in words if it is none.
fn read_response(response: Response<Body>) -> Result<RemoteAnswer, String> {
    let status = response.status();
    if status.is_success() && media_type(&response) == "text/event-stream" {
        return Ok(RemoteAnswer::Events(EventStream::new(response.into_body().into_reader())));
    }
    let json = is_json(&response);
    let mut body = Vec::new();
    let reader = response.into_body().into_reader();
    reader.take(MAX_ANSWER).read_to_end(&mut body).map_err(|error| error.to_string())?;
    if body.trim_ascii().is_empty() && status.is_success() {
        return Ok(RemoteAnswer::Nothing);
    }
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    if json && value.get("jsonrpc").is_some() {
        // One line, whatever its form was.
        body.retain(|byte| !matches!(byte, b'\n' | b'\r'));
        return Ok(RemoteAnswer::Message(body));
    }
    let said = match (value["detail"].as_str(), value["hint"].as_str()) {
        (Some(detail), Some(hint)) => format!("{detail}. {hint}"),
        _ => String::from_utf8_lossy(&body).chars().take(200).collect(),
    };
    Err(format!("the server answered {status}: {said}"))
}

fn media_type(response: &Response<Body>) -> &str {
    let value = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

fn is_json(response: &Response<Body>) -> bool {
    media_type(response) == "application/json"
}
