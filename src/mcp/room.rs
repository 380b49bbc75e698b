//! How much of a client's is held in memory at once: requests without an answer, answers that were not read.
//!
//! A client that asks faster than it reads is not read from until there is room again, so that the
//! server stays small whatever is sent to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::RequestId;
use tokio::sync::Notify;

/// KiB that may be held, by estimate, before nothing more is read.
pub const MAX_IN_HAND: u32 = 64 * 1024;
/// KiB that a request takes however short its line is: about as much as its answer may.
const LEAST: u32 = 64;
/// Bytes that a value of JSON takes once it is read.
const VALUE: usize = 64;

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
    bytes: AtomicUsize,
    request: Option<RequestId>,
}

impl Room {
    /// Bytes that are held.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// Waits until something may be read.
    pub async fn space(&self) {
        while self.used() >= kib(MAX_IN_HAND) {
            self.freed.notified().await;
        }
    }

    /// Holds a message that is to be written.
    pub fn hold(self: &Arc<Self>, bytes: usize) -> Share {
        self.used.fetch_add(bytes, Ordering::SeqCst);
        Share { room: Arc::clone(self), bytes: AtomicUsize::new(bytes), request: None }
    }

    /// Holds the request of a line; nothing if one with its id has no answer yet.
    pub fn admit(self: &Arc<Self>, id: &RequestId, line: &[u8]) -> Option<Share> {
        let mut requests = self.requests();
        if requests.contains_key(id) {
            return None;
        }
        requests.insert(id.clone(), Stage::Working);
        drop(requests);
        let mut share = self.hold(kib(size(line)));
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

impl Share {
    /// Gives the room back before the end: what holds it waits for something else than this process.
    pub fn let_go(&self) {
        let bytes = self.bytes.swap(0, Ordering::SeqCst);
        self.room.used.fetch_sub(bytes, Ordering::SeqCst);
        self.room.freed.notify_one();
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(id) = &self.request {
            self.room.done(id);
        }
        self.let_go();
    }
}

fn kib(count: u32) -> usize {
    count as usize * 1024
}

/// KiB that a request of this line takes.
pub fn size(line: &[u8]) -> u32 {
    let bytes = 4 * line.len() + VALUE * values(line);
    u32::try_from(bytes / 1024).map_or(MAX_IN_HAND, |size| size.clamp(LEAST, MAX_IN_HAND))
}

/// How many values and keys a line of JSON holds, or a few more.
pub fn values(line: &[u8]) -> usize {
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
            assert_eq!(values(line.as_bytes()), count, "{line}");
        }
    }
}
