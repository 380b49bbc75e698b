//! How much of a client's is held in memory at once: requests without an answer, answers that were not read.
//!
//! A client that asks faster than it reads is not read from until there is room again, so that the
//! server stays small whatever is sent to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::model::RequestId;
use tokio::sync::Notify;

/// KiB that may be held, by estimate, before nothing more is read.
pub const MAX_IN_HAND: u32 = 64 * 1024;
/// KiB that a request takes however short its line is: about as much as its answer may.
pub const LEAST: u32 = 64;
/// Bytes that a value of JSON takes once it is read.
const VALUE: usize = 64;

/// What is held for one client.
#[derive(Debug, Default)]
pub struct InFlightLimit {
    /// Bytes of requests that are worked on.
    asked: AtomicUsize,
    /// Bytes of answers that are to be written.
    unread: AtomicUsize,
    /// Bytes that were ever written.
    written: AtomicUsize,
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
pub struct InFlightPermit {
    room: Arc<InFlightLimit>,
    bytes: AtomicUsize,
    request: Option<RequestId>,
}

impl InFlightLimit {
    /// Waits until something may be read.
    pub async fn space(&self) {
        let used = || self.asked.load(Ordering::SeqCst) + self.unread.load(Ordering::SeqCst);
        while used() >= kib_to_bytes(MAX_IN_HAND) {
            self.freed.notified().await;
        }
    }

    /// Waits until no request is worked on.
    pub async fn rest(&self) {
        while self.asked.load(Ordering::SeqCst) > 0 {
            self.freed.notified().await;
        }
    }

    /// Some of what is held was written; it is held until all of its message is.
    pub fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Waits until nothing was written for so long.
    pub async fn stands_still(&self, patience: Duration) {
        loop {
            let before = self.written.load(Ordering::SeqCst);
            tokio::time::sleep(patience).await;
            if self.written.load(Ordering::SeqCst) == before {
                return;
            }
        }
    }

    /// Waits until answers that nobody reads leave no space. Requests give theirs back when they
    /// are done.
    pub async fn is_given_up(&self, patience: Duration) {
        loop {
            self.stands_still(patience).await;
            if self.unread.load(Ordering::SeqCst) >= kib_to_bytes(MAX_IN_HAND) {
                return;
            }
        }
    }

    /// Holds a message that is to be written.
    pub fn hold(self: &Arc<Self>, bytes: usize) -> InFlightPermit {
        self.share(bytes, None)
    }

    fn share(self: &Arc<Self>, bytes: usize, request: Option<RequestId>) -> InFlightPermit {
        let share =
            InFlightPermit { room: Arc::clone(self), bytes: AtomicUsize::new(bytes), request };
        share.part().fetch_add(bytes, Ordering::SeqCst);
        share
    }

    /// Holds the request of a line; nothing if one with its id has no answer yet.
    pub fn admit(self: &Arc<Self>, id: &RequestId, line: &[u8]) -> Option<InFlightPermit> {
        let mut requests = self.requests();
        if requests.contains_key(id) {
            return None;
        }
        requests.insert(id.clone(), Stage::Working);
        drop(requests);
        Some(self.share(kib_to_bytes(request_size(line)), Some(id.clone())))
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

impl InFlightPermit {
    /// Gives the room back before the end: what holds it waits for something else than this process.
    pub fn let_go(&self) {
        let bytes = self.bytes.swap(0, Ordering::SeqCst);
        self.part().fetch_sub(bytes, Ordering::SeqCst);
        self.room.freed.notify_one();
    }

    /// Where it is counted.
    fn part(&self) -> &AtomicUsize {
        if self.request.is_some() { &self.room.asked } else { &self.room.unread }
    }
}

impl Drop for InFlightPermit {
    fn drop(&mut self) {
        if let Some(id) = &self.request {
            self.room.done(id);
        }
        self.let_go();
    }
}

fn kib_to_bytes(count: u32) -> usize {
    count as usize * 1024
}

/// KiB that a request of this line takes.
pub fn request_size(line: &[u8]) -> u32 {
    let bytes = 4 * line.len() + VALUE * count_values(line);
    u32::try_from(bytes / 1024).map_or(MAX_IN_HAND, |size| size.clamp(LEAST, MAX_IN_HAND))
}

/// How many values and keys a line of JSON holds, or a few more.
pub fn count_values(line: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b',' | b':' | b'[' | b'{' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        for (line, count) in [
            (r#"{"a":[1,2,3],"b":"x"}"#, 7),
            (r#"{"a":"1,2,[3\",4]\\","b":1}"#, 4),
            (r#""a,b,c""#, 0),
        ] {
            assert_eq!(count_values(line.as_bytes()), count, "{line}");
        }
    }
}
