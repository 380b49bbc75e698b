//! How much is in hand at once: requests from when they are read to when their answers are written.
//! Without this a client that sends faster than it reads, or one huge call after the other, would
//! fill the memory, since every request becomes a task of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// KiB that requests in hand may take by estimate: of the line, of what it becomes, of its answer.
pub const MAX_IN_HAND: u32 = 64 * 1024;
/// KiB that a request takes however short its line is.
const LEAST: u32 = 16;
/// Bytes that a value of JSON takes once it is read.
const VALUE: usize = 64;

/// The room, and what takes it.
#[derive(Clone)]
pub struct Room {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<RequestId, OwnedSemaphorePermit>>>,
}

impl Default for Room {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(MAX_IN_HAND as usize)), taken: Arc::default() }
    }
}

impl Room {
    /// Waits until there is room for a request; what asks for no answer takes none.
    pub async fn enter(&self, message: &RxJsonRpcMessage<RoleServer>, line: &[u8]) {
        match message {
            JsonRpcMessage::Request(request) => {
                let free = Arc::clone(&self.free);
                // The semaphore is never closed.
                if let Ok(place) = free.acquire_many_owned(size(line)).await
                    && let Ok(mut taken) = self.taken.lock()
                {
                    taken.insert(request.id.clone(), place);
                }
            }
            // A cancelled request gets no answer.
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.leave(id);
                }
            }
            JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => {}
        }
    }

    /// Gives back the room of the request that a message answers.
    pub fn answered(&self, message: &TxJsonRpcMessage<RoleServer>) {
        match message {
            JsonRpcMessage::Response(response) => self.leave(&response.id),
            JsonRpcMessage::Error(error) => error.id.iter().for_each(|id| self.leave(id)),
            JsonRpcMessage::Request(_) | JsonRpcMessage::Notification(_) => {}
        }
    }

    /// Gives back the room of a request that waits for something else than this process.
    pub fn leave(&self, id: &RequestId) {
        if let Ok(mut taken) = self.taken.lock() {
            taken.remove(id);
        }
    }
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
