//! How much of a client's is held in memory at once: requests without an answer, answers that were not read.
//!
//! A client that asks faster than it reads is not read from until there is room again, so that the
//! server stays small whatever is sent to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::RequestId;
use tokio::sync::Notify;

/// Bytes that may be held before nothing more is read.
const MOST: usize = 64 * 1024 * 1024;
/// What a request is counted for beside its line: about as much as its answer may be.
const ANSWER: usize = 64 * 1024;

/// What is held for one client.
#[derive(Debug, Default)]
pub struct Room {
    used: AtomicUsize,
    freed: Notify,
    /// The requests without an answer, by their ids.
    requests: Mutex<HashMap<RequestId, Stage>>,
}

/// How far a request has come whose answer was not sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Working,
    /// Its answer is on its way.
    Done,
    /// There will be no answer.
    Cancelled,
}

/// Bytes that are held as long as this lives.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    bytes: usize,
    request: Option<RequestId>,
}

impl Room {
    /// Bytes that are held.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// Waits until something may be read.
    pub async fn space(&self) {
        while self.used() >= MOST {
            self.freed.notified().await;
        }
    }

    /// Holds a message that is to be written.
    pub fn hold(self: &Arc<Self>, bytes: usize) -> Share {
        self.used.fetch_add(bytes, Ordering::SeqCst);
        Share { room: Arc::clone(self), bytes, request: None }
    }

    /// Holds a request of so many bytes; nothing if one with its id has no answer yet.
    pub fn admit(self: &Arc<Self>, id: &RequestId, bytes: usize) -> Option<Share> {
        let mut requests = self.requests();
        if requests.contains_key(id) {
            return None;
        }
        requests.insert(id.clone(), Stage::Working);
        drop(requests);
        let mut share = self.hold(bytes + ANSWER);
        share.request = Some(id.clone());
        Some(share)
    }

    /// The answer to a request is sent.
    pub fn answered(&self, id: &RequestId) {
        self.requests().remove(id);
    }

    /// The client no longer wants an answer.
    pub fn cancelled(&self, id: &RequestId) {
        let mut requests = self.requests();
        match requests.get_mut(id) {
            Some(Stage::Done) => drop(requests.remove(id)),
            Some(stage) => *stage = Stage::Cancelled,
            None => {}
        }
    }

    fn done(&self, id: &RequestId) {
        let mut requests = self.requests();
        match requests.get_mut(id) {
            Some(Stage::Cancelled) => drop(requests.remove(id)),
            Some(stage) => *stage = Stage::Done,
            None => {}
        }
    }

    fn requests(&self) -> MutexGuard<'_, HashMap<RequestId, Stage>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(id) = &self.request {
            self.room.done(id);
        }
        self.room.used.fetch_sub(self.bytes, Ordering::SeqCst);
        self.room.freed.notify_one();
    }
}
