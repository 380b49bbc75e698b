//! Standard input and output as non-blocking streams if they are pipes or sockets.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, Interest, Ready};
#[cfg(target_os = "linux")]
use tokio::net::unix::pipe;

type InputStream = Box<dyn AsyncRead + Send + Unpin>;
type OutputStream = Box<dyn AsyncWrite + Send + Unpin>;

/// Opens standard input, non-blocking if it is a pipe or a socket.
pub fn standard_input() -> InputStream {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
        return Box::new(pipe);
    }
    #[cfg(unix)]
    if let Some(socket) = open_socket(&std::io::stdin()) {
        return Box::new(socket);
    }
    Box::new(tokio::io::stdin())
}

/// Waits until every writer of standard input has closed it, even with unread data in it.
pub async fn hung_up() {
    let watched = Watched::open();
    // Polls, since a stream with unread data is always ready.
    while !watched.is_closed().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A second handle to standard input.
enum Watched {
    #[cfg(target_os = "linux")]
    Pipe(pipe::Receiver),
    #[cfg(unix)]
    Socket(tokio::net::UnixStream),
    /// Closing cannot be detected before the end of input.
    Other,
}

impl Watched {
    fn open() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(pipe) = pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
            return Self::Pipe(pipe);
        }
        #[cfg(unix)]
        if let Some(socket) = open_socket(&std::io::stdin()) {
            return Self::Socket(socket);
        }
        Self::Other
    }

    async fn is_closed(&self) -> bool {
        let ready = match self {
            #[cfg(target_os = "linux")]
            Self::Pipe(pipe) => pipe.ready(Interest::READABLE).await,
            #[cfg(unix)]
            Self::Socket(socket) => socket.ready(Interest::READABLE).await,
            Self::Other => std::future::pending().await,
        };
        ready.is_ok_and(|ready: Ready| ready.is_read_closed())
    }
}

/// Opens standard output, non-blocking if it is a pipe or a socket.
pub fn standard_output() -> OutputStream {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
        return Box::new(pipe);
    }
    #[cfg(unix)]
    if let Some(socket) = open_socket(&std::io::stdout()) {
        return Box::new(socket);
    }
    Box::new(tokio::io::stdout())
}

#[cfg(unix)]
fn open_socket(stream: &impl std::os::fd::AsFd) -> Option<tokio::net::UnixStream> {
    use std::os::unix::fs::FileTypeExt;

    let owned = stream.as_fd().try_clone_to_owned().ok()?;
    let file = std::fs::File::from(owned);
    if !file.metadata().ok()?.file_type().is_socket() {
        return None;
    }
    let socket = std::os::unix::net::UnixStream::from(std::os::fd::OwnedFd::from(file));
    socket.set_nonblocking(true).ok()?;
    tokio::net::UnixStream::from_std(socket).ok()
}
