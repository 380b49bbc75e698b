//! Pending approvals: questions whose calls are to be repeated with an answer (2026-07-28).
//!
//! `requestState` holds only the name of a question. The call it belongs to and the fingerprint of
//! its effect stay in this process. A signed state held by the client was rejected, since a
//! signature does not prevent replay of an answer.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::app::Settings;
use crate::mcp::backpressure::{self, MAX_IN_HAND};
use crate::model::{Error, Result, Timestamp};

/// Seconds until a question expires.
pub const PATIENCE: i64 = 3_600;
/// Maximum pending questions; the oldest is dropped first.
const MAX_OPEN: usize = 100;

/// A pending question.
struct PendingQuestion {
    name: String,
    /// Digest of the tool name and the arguments.
    call: String,
    fingerprint: String,
    until: Timestamp,
}

/// The pending questions of one server.
pub struct PendingApprovals {
    /// Oldest first.
    open: Mutex<VecDeque<PendingQuestion>>,
    /// KiB for calls that wait in memory while the client answers an elicitation request.
    capacity: Semaphore,
}

impl Default for PendingApprovals {
    fn default() -> Self {
        Self { open: Mutex::default(), capacity: Semaphore::new(MAX_IN_HAND as usize) }
    }
}

impl PendingApprovals {
    /// Reserves memory for a waiting call, sized by its arguments as JSON; an error if none is
    /// left.
    pub fn place(&self, arguments: &str) -> Result<SemaphorePermit<'_>> {
        let least = MAX_IN_HAND / MAX_OPEN as u32;
        let size = backpressure::request_size(arguments.as_bytes()).max(least);
        self.capacity.try_acquire_many(size).map_err(|_| Error::Declined {
            problem: "too many questions wait for the person already".to_owned(),
            hint: "Nothing was changed; ask again when they have answered.".into(),
        })
    }

    /// Stores the fingerprint of a call's question; returns the name of the question.
    pub fn keep(&self, settings: &Settings, call: String, fingerprint: String) -> String {
        let name = (settings.ids)().to_string();
        let until = (settings.clock)().plus_seconds(PATIENCE);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() == MAX_OPEN {
            open.pop_front();
        }
        open.push_back(PendingQuestion { name: name.clone(), call, fingerprint, until });
        name
    }

    /// Removes the question, so that it can be answered only once; returns its fingerprint.
    pub fn take(&self, settings: &Settings, name: &str, call: &str) -> Result<String> {
        let now = (settings.clock)();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|question| question.until > now);
        let Some(at) = open.iter().position(|question| question.name == name) else {
            return Err(Error::invalid(
                "requestState",
                "no question of this name waits for an answer",
                "It was answered, or is over an hour old, or was asked by another process. Nothing \
                 was changed; make the call again without it.",
            ));
        };
        if open[at].call != call {
            return Err(Error::invalid(
                "requestState",
                "it belongs to another call",
                "Nothing was changed. Repeat the tool and the arguments that the person was asked \
                 about, or make this call without it.",
            ));
        }
        Ok(open.remove(at).map(|question| question.fingerprint).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn at(seconds: &Arc<AtomicI64>) -> Settings {
        let seconds = Arc::clone(seconds);
        let start = Timestamp::parse("2026-01-01T00:00:00Z").expect("an instant");
        let mut settings = Settings::new("unused");
        settings.clock = Arc::new(move || start.plus_seconds(seconds.load(Ordering::Relaxed)));
        settings
    }

    #[test]
    fn a_question_waits_an_hour_and_is_answered_once() {
        let seconds = Arc::default();
        let (settings, pending) = (at(&seconds), PendingApprovals::default());
        let keep =
            |call: &str| pending.keep(&settings, call.to_owned(), format!("fingerprint of {call}"));
        let (one, two) = (keep("one"), keep("two"));
        seconds.store(PATIENCE - 1, Ordering::Relaxed);
        assert!(pending.take(&settings, &one, "two").is_err(), "it belongs to another call");
        assert_eq!(pending.take(&settings, &one, "one").as_deref(), Ok("fingerprint of one"));
        assert!(pending.take(&settings, &one, "one").is_err(), "it was answered");
        seconds.store(PATIENCE, Ordering::Relaxed);
        assert!(pending.take(&settings, &two, "two").is_err(), "it is over an hour old");
    }

    #[test]
    fn the_oldest_question_makes_room() {
        let (settings, pending) = (at(&Arc::default()), PendingApprovals::default());
        let names: Vec<String> =
            (0..=MAX_OPEN).map(|_| pending.keep(&settings, String::new(), String::new())).collect();
        assert!(pending.take(&settings, &names[0], "").is_err());
        assert!(pending.take(&settings, &names[1], "").is_ok());
    }
}
