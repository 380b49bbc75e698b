//! Backpressure: limits the memory for a client's unanswered requests and unread answers.
//!
//! When a client sends faster than it reads, reading pauses until memory is free again, so the
//! memory of the server stays bounded.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::model::RequestId;
use tokio::sync::Notify;

/// Estimated KiB in flight at which reading pauses.
pub const MAX_IN_HAND: u32 = 64 * 1024;
/// Minimum KiB counted for a request, however short: about the maximum size of its answer.
pub const LEAST: u32 = 64;
/// Estimated bytes of a parsed JSON value.
const VALUE: usize = 64;

/// The memory in flight for one client.
#[derive(Debug, Default)]
pub struct InFlightLimit {
    /// Bytes of requests in progress.
    asked: AtomicUsize,
    /// Bytes of answers not yet written.
    unread: AtomicUsize,
    /// Total bytes written so far.
    written: AtomicUsize,
    freed: Notify,
    /// Requests without an answer, by id.
    requests: Mutex<HashMap<RequestId, Stage>>,
}

/// The stage of a request whose answer was not sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Working,
    /// Finished; its answer is about to be sent.
    Done,
    /// Cancelled; no answer will be sent.
    Cancelled,
}

/// Counts bytes as in flight until it is dropped.
#[derive(Debug)]
pub struct InFlightPermit {
    room: Arc<InFlightLimit>,
    bytes: AtomicUsize,
    request: Option<RequestId>,
}

impl InFlightLimit {
    /// Waits until the total is below the limit.
    pub async fn space(&self) {
        let used = || self.asked.load(Ordering::SeqCst) + self.unread.load(Ordering::SeqCst);
        while used() >= kib_to_bytes(MAX_IN_HAND) {
            self.freed.notified().await;
        }
    }

    /// Waits until no request is in progress.
    pub async fn rest(&self) {
        while self.asked.load(Ordering::SeqCst) > 0 {
            self.freed.notified().await;
        }
    }

    /// Records written bytes. The permit of a message counts all of it until it is completely
    /// written.
    pub fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Waits until nothing was written for the given duration.
    pub async fn stands_still(&self, patience: Duration) {
        loop {
            let before = self.written.load(Ordering::SeqCst);
            tokio::time::sleep(patience).await;
            if self.written.load(Ordering::SeqCst) == before {
                return;
            }
        }
    }

    /// Waits until unread answers alone reach the limit and nothing is written any more. Requests
    /// are not counted, since they free their bytes when they are done.
    pub async fn is_given_up(&self, patience: Duration) {
        loop {
            self.stands_still(patience).await;
            if self.unread.load(Ordering::SeqCst) >= kib_to_bytes(MAX_IN_HAND) {
                return;
            }
        }
    }

    /// Counts an outgoing message.
    pub fn hold(self: &Arc<Self>, bytes: usize) -> InFlightPermit {
        self.share(bytes, None)
    }

    fn share(self: &Arc<Self>, bytes: usize, request: Option<RequestId>) -> InFlightPermit {
        let share =
            InFlightPermit { room: Arc::clone(self), bytes: AtomicUsize::new(bytes), request };
        share.part().fetch_add(bytes, Ordering::SeqCst);
        share
    }

    /// Counts a request; `None` if one with the same id has no answer yet.
    pub fn admit(self: &Arc<Self>, id: &RequestId, line: &[u8]) -> Option<InFlightPermit> {
        let mut requests = self.requests();
        if requests.contains_key(id) {
            return None;
        }
        requests.insert(id.clone(), Stage::Working);
        drop(requests);
        Some(self.share(kib_to_bytes(request_size(line)), Some(id.clone())))
    }

    /// Removes a request whose answer is being sent.
    pub fn answered(&self, id: &RequestId) {
        self.requests().remove(id);
    }

    /// Records that the client cancelled a request.
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
    /// Releases the bytes early, for a request that waits for something outside of this process.
    pub fn let_go(&self) {
        let bytes = self.bytes.swap(0, Ordering::SeqCst);
        self.part().fetch_sub(bytes, Ordering::SeqCst);
        self.room.freed.notify_one();
    }

    /// Returns the counter that these bytes belong to.
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

/// Estimates the KiB in memory of a request line.
pub fn request_size(line: &[u8]) -> u32 {
    let bytes = 4 * line.len() + VALUE * count_values(line);
    u32::try_from(bytes / 1024).map_or(MAX_IN_HAND, |size| size.clamp(LEAST, MAX_IN_HAND))
}

/// Returns an upper bound, usually close, of the values and keys in a line of JSON.
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
