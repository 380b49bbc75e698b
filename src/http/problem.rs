//! Errors as problem details (RFC 9457).

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::challenge::Challenge;
use super::next_step::render_hint;
use crate::model::text::{abridge_message, one_line};
use crate::model::{Error, Hint, StorageProblem};

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error answer.
#[derive(Debug)]
pub struct Problem {
    pub status: StatusCode,
    code: String,
    pub detail: String,
    pub hint: Hint,
    headers: Vec<(HeaderName, String)>,
    challenge: Option<Challenge>,
}

impl Problem {
    pub fn new(
        status: StatusCode,
        code: &str,
        detail: impl Into<String>,
        hint: impl Into<Hint>,
    ) -> Self {
        let (detail, hint) = (detail.into(), hint.into());
        Self { status, code: code.to_owned(), detail, hint, headers: Vec::new(), challenge: None }
    }

    pub fn with_header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the challenge, which [`super::access`] renders: it depends on the address of the request.
    pub fn with_challenge(self, challenge: Challenge) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// Returns the problem of a path with an id that cannot be read.
    pub fn of_path(problem: &str) -> Self {
        let hint = "Send an id or a handle in UTF-8, percent-encoded.";
        Self::from(Error::invalid("path", problem, hint))
    }

    /// Changes the status of a stale version that was given in the header If-Match.
    pub fn of_precondition(error: Error) -> Self {
        let stale = matches!(error, Error::Stale { .. });
        let problem = Self::from(error);
        if !stale {
            return problem;
        }
        let hint = "Read it again, and send its new ETag if the change still holds.".into();
        Self { status: StatusCode::PRECONDITION_FAILED, hint, ..problem }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status_of(&error);
        let detail = match &error {
            Error::Internal(_) => {
                // The message may contain stored data.
                tracing::error!("a bug of atocore; --log debug tells which");
                tracing::debug!("{error}");
                "atocore failed".to_owned()
            }
            _ => error.to_string(),
        };
        let problem = Self::new(status, error.code(), detail, error.hint());
        match error {
            Error::Busy => problem.with_header(header::RETRY_AFTER, "1"),
            _ => problem,
        }
    }
}

fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        Error::Transition { .. }
        | Error::Stale { .. }
        | Error::StaleRevision { .. }
        | Error::Duplicate { .. }
        | Error::Overtaken => StatusCode::CONFLICT,
        Error::Link { .. } | Error::Provenance { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Error::TooMuch { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Refused { .. } | Error::Declined { .. } => StatusCode::FORBIDDEN,
        Error::Storage { problem: StorageProblem::DiskFailed, .. } => {
            StatusCode::INSUFFICIENT_STORAGE
        }
        Error::Busy | Error::Storage { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let shown = |text: &str| one_line(&abridge_message(text)).into_owned();
        let body = json!({
            "type": format!("urn:atocore:error:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or_default(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": shown(&self.detail),
            "hint": shown(&render_hint(&self.hint)),
        });
        let mut response =
            (self.status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body.to_string()).into_response();
        for (name, value) in self.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        if let Some(challenge) = self.challenge {
            response.extensions_mut().insert(challenge);
        }
        response
    }
}
