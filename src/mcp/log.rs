//! One line in the log for each request: what was asked, how it ended, how long it took.

use std::time::Instant;

use crate::model::{Error, Result};

/// Runs a request and logs its end. Nothing of what was asked or answered is in the line.
pub async fn logged<T>(
    method: &str,
    name: &str,
    request: impl Future<Output = Result<T>>,
) -> Result<T> {
    let started = Instant::now();
    let ended = request.await;
    let outcome = ended.as_ref().map_or_else(Error::code, |_| "ok");
    let duration_ms = format!("{:.3}", started.elapsed().as_secs_f64() * 1e3);
    tracing::info!(method, name, outcome, %duration_ms, "request");
    if let Err(error) = &ended {
        tracing::debug!("{method} {name}: {error}");
    }
    ended
}
