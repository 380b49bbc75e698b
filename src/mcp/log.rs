//! Request log: one line for each request, with method, outcome and duration.

use std::fmt::Display;
use std::time::Instant;

use rmcp::model::{ErrorCode, ErrorData};

use crate::model::Error;

/// The outcome of a failed request, as one word.
pub trait Failure: Display {
    fn code(&self) -> &'static str;
}

impl Failure for Error {
    fn code(&self) -> &'static str {
        Self::code(self)
    }
}

impl Failure for ErrorData {
    fn code(&self) -> &'static str {
        if self.code == ErrorCode::METHOD_NOT_FOUND { "not_found" } else { "invalid" }
    }
}

/// Runs a request and logs its outcome. Arguments and answers are never logged, and methods and
/// names only if they are known ones.
pub async fn log_request<T, E: Failure>(
    method: &str,
    name: &str,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let started = Instant::now();
    let ended = request.await;
    let outcome = ended.as_ref().map_or_else(E::code, |_| "ok");
    let duration_ms = format!("{:.3}", started.elapsed().as_secs_f64() * 1e3);
    tracing::info!(method, name, outcome, %duration_ms, "request");
    if let Err(error) = &ended {
        tracing::debug!("{method} {name}: {error}");
    }
    ended
}
