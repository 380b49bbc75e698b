//! Transport: newline-delimited JSON-RPC over standard input and output.
//!
//! The SDK's own transport was rejected: it drops an invalid line without an answer, and if
//! standard input and output are sockets (as with Node and the clients built on it), it uses a
//! blocking thread pool for every read and write.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    ClientNotification, ErrorCode, ErrorData, GetExtensions, JsonRpcMessage, RequestId,
};
use rmcp::service::TxJsonRpcMessage;
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;

use super::backpressure::{InFlightLimit, InFlightPermit};
use super::errors::shown_text;
use super::message::{Incoming, MAX_READ, ParsedMessage, find_id, parse_message};
use crate::platform::{hung_up, standard_input, standard_output};

/// Capacity of the channel of incoming messages; reading pauses when it is full.
const WAITING: usize = 64;

type Outgoing = TxJsonRpcMessage<RoleServer>;

/// A line to be written, with the permit that counts it until then.
type Letter = (Vec<u8>, InFlightPermit);

/// A connection over two streams. Clones share it, so that serving can restart on it.
#[derive(Clone)]
pub struct LineTransport {
    incoming: Arc<Mutex<mpsc::Receiver<Incoming>>>,
    outgoing: Post,
    ended: watch::Sender<bool>,
}

/// Time without written bytes after which the client is considered gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// The writer of a connection.
pub struct Writing {
    task: JoinHandle<()>,
    room: Arc<InFlightLimit>,
}

impl Writing {
    /// Waits until all output is written, or until the client stops reading.
    pub async fn finish(self) {
        tokio::select! {
            _ = self.task => {}
            () = self.room.stands_still(PATIENCE) => {}
        }
    }
}

/// The output queue. It is unbounded, since the in-flight limit bounds the requests that are read.
#[derive(Clone)]
struct Post {
    letters: mpsc::UnboundedSender<Letter>,
    room: Arc<InFlightLimit>,
}

impl Post {
    fn send(&self, mut message: Outgoing) -> std::io::Result<()> {
        if let Some(id) = answered_request(&message) {
            self.room.answered(id);
        }
        abridge_error(&mut message);
        let mut line = serde_json::to_vec(&message)?;
        line.push(b'\n');
        let share = self.room.hold(line.len());
        let closed = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.letters.send((line, share)).map_err(closed)
    }
}

/// Returns the id of the request that a message answers.
fn answered_request(message: &Outgoing) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
    }
}

/// Sanitizes the unsupported protocol version, which the SDK's error repeats unchanged.
fn abridge_error(message: &mut Outgoing) {
    if let JsonRpcMessage::Error(answer) = message
        && let Some(data) = &mut answer.error.data
        && let Some(Value::String(version)) = data.get_mut("requested")
    {
        *version = shown_text(version);
    }
}

impl LineTransport {
    /// Connects to standard input and output.
    pub fn stdio() -> (Self, Writing) {
        Self::watched(standard_input(), standard_output(), hung_up)
    }

    /// Connects to two streams.
    #[cfg(feature = "test-support")]
    pub fn new(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> (Self, Writing) {
        Self::watched(input, output, std::future::pending)
    }

    /// Connects to two streams; `hung_up` completes when every writer of the input has closed it.
    fn watched<H: Future<Output = ()> + Send + 'static>(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
        hung_up: impl Fn() -> H + Send + Sync + 'static,
    ) -> (Self, Writing) {
        let (received, incoming) = mpsc::channel(WAITING);
        let (letters, waiting) = mpsc::unbounded_channel();
        let outgoing = Post { letters, room: Arc::default() };
        let room = Arc::clone(&outgoing.room);
        let task = tokio::spawn(write_lines(output, waiting, Arc::clone(&room)));
        let writing = Writing { task, room };
        tokio::spawn(read_lines(input, received, outgoing.clone(), hung_up));
        let (ended, _) = watch::channel(false);
        (Self { incoming: Arc::new(Mutex::new(incoming)), outgoing, ended }, writing)
    }

    /// Becomes true when the input has ended and all messages were received.
    pub fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }
}

impl Transport<RoleServer> for LineTransport {
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: Outgoing,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        // Queued without waiting, so that a client that never reads cannot keep the server from
        // stopping.
        std::future::ready(self.outgoing.send(message))
    }

    async fn receive(&mut self) -> Option<Incoming> {
        let message = self.incoming.lock().await.recv().await;
        if message.is_none() {
            self.ended.send_replace(true);
            // Requests in progress finish first: after this, the SDK waits only some seconds for
            // answers.
            self.outgoing.room.rest().await;
        }
        message
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

async fn write_lines(
    mut output: impl AsyncWrite + Unpin,
    mut letters: mpsc::UnboundedReceiver<Letter>,
    room: Arc<InFlightLimit>,
) {
    while let Some((line, _share)) = letters.recv().await {
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            match output.write(rest).await {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    room.wrote(count);
                    rest = &rest[count..];
                }
            }
        }
        if output.flush().await.is_err() {
            return;
        }
    }
}

/// Reads until the end of input, or until the receiver is dropped.
async fn read_lines<H: Future<Output = ()>>(
    input: impl AsyncRead + Unpin,
    received: mpsc::Sender<Incoming>,
    outgoing: Post,
    hung_up: impl Fn() -> H,
) {
    let reading = async {
        let mut input = BufReader::with_capacity(64 * 1024, input);
        let given_up = async || {
            hung_up().await;
            outgoing.room.is_given_up(PATIENCE).await;
        };
        while !received.is_closed() {
            // While reading is paused, the end of input is detected separately: it comes after
            // unread lines.
            tokio::select! {
                biased;
                () = outgoing.room.space() => {}
                () = given_up() => return,
            }
            match read_line(&mut input).await {
                Ok(Some(line)) => take_line(line, &received, &outgoing).await,
                Ok(None) => return,
                Err(error) => {
                    tracing::error!("standard input failed: {error}");
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = received.closed() => {}
    }
}

/// Passes the message of a line on, or answers with the error in it.
async fn take_line(line: Vec<u8>, received: &mpsc::Sender<Incoming>, outgoing: &Post) {
    let understood = match parse_message(&line) {
        ParsedMessage::Message(message) => admit_request(message, &line, &outgoing.room),
        other => other,
    };
    let bytes = line.len();
    drop(line);
    match understood {
        ParsedMessage::Message(message) => {
            // The receiver is dropped only when serving has ended.
            let _ = received.send(*message).await;
        }
        ParsedMessage::Nothing => {}
        ParsedMessage::Mistake(error, id) => {
            tracing::warn!(code = error.code.0, bytes, "refused a line");
            tracing::debug!("refused a line: {}", error.message);
            let _ = outgoing.send(Outgoing::error(error, id));
        }
    }
}

/// Counts a request while it is in progress. Refuses one whose id is in use, since the SDK would
/// answer only one of the two.
fn admit_request(
    mut message: Box<Incoming>,
    line: &[u8],
    room: &Arc<InFlightLimit>,
) -> ParsedMessage {
    match message.as_mut() {
        Incoming::Request(request) => {
            let Some(share) = room.admit(&request.id, line) else {
                let id = shown_text(&request.id.to_string());
                let message = format!("the request {id} before this one has no answer yet");
                let error = ErrorData::new(
                    ErrorCode::INVALID_REQUEST,
                    message,
                    find_id("Give each request an id of its own."),
                );
                // Omits the id, so that the client does not take this error for the answer of the
                // first request.
                return ParsedMessage::Mistake(error, None);
            };
            request.request.extensions_mut().insert(Arc::new(share));
        }
        Incoming::Notification(notification) => {
            if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                && let Some(id) = &cancelled.params.request_id
            {
                room.cancelled(id);
            }
        }
        _ => {}
    }
    ParsedMessage::Message(message)
}

/// Reads a line without its line feed; one over `MAX_READ` is consumed, but truncated.
async fn read_line(input: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            // The rest of the input without a line feed is an incomplete message.
            return Ok(None);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        let room = (MAX_READ + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let consumed = part.len() + usize::from(end.is_some());
        input.consume(consumed);
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}
