//! An answer as server-sent events, each with a message.

use std::io::{BufRead, BufReader, Read};

use super::message_head::MessageHead;

/// The events of an answer.
pub struct EventStream<R: Read> {
    lines: BufReader<R>,
}

impl<R: Read> EventStream<R> {
    pub fn new(body: R) -> Self {
        Self { lines: BufReader::new(body) }
    }

    /// Passes the messages on until the stream ends. If the answer to the request is not among them,
    /// an error takes its place, since its client would wait for it.
    pub fn pass_on(mut self, request: &MessageHead, mut print: impl FnMut(&[u8])) {
        let mut answered = false;
        while let Some(message) = self.next_message() {
            answered |= request.is_answered_by(&message);
            print(&message);
        }
        if !answered && let Some(error) = request.error("the connection ended before the answer") {
            print(&error);
        }
    }

    /// Returns the next message, on one line; `None` at the end, or if the connection fails.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.lines.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_ascii_end();
            if line.is_empty() && !message.is_empty() {
                return Some(message);
            }
            if let Some(data) = line.strip_prefix(b"data:") {
                // A line break in the data is one between JSON values.
                message.extend_from_slice(data.trim_ascii());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(events: &str) -> Vec<String> {
        let request = MessageHead::read(br#"{"id":1,"method":"ping"}"#);
        let mut printed = Vec::new();
        EventStream::new(events.as_bytes()).pass_on(&request, |message| {
            printed.push(String::from_utf8_lossy(message).into_owned());
        });
        printed
    }

    #[test]
    fn messages_are_passed_as_they_are() {
        let events = "id: 0\nretry: 3000\ndata:\n\n: keep-alive\n\nevent: message\r\n\
            data: {\"id\":1,\r\ndata: \"result\":{\"a\":1.10}}\r\n\r\n";
        assert_eq!(passed(events), [r#"{"id":1,"result":{"a":1.10}}"#]);
    }

    #[test]
    fn a_stream_that_ends_early_is_an_error() {
        let printed = passed("data: {\"method\":\"notifications/message\"}\n\ndata: {\"id\":1");
        assert_eq!(printed.len(), 2, "{printed:?}");
        assert!(printed[1].contains("ended before the answer"), "{printed:?}");
    }
}
