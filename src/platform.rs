//! The differences between operating systems, in one place: names and rights of files, opening without
//! links, standard input and output, signals, limits, and how a shell quotes. `ARCHITECTURE.md` lists
//! them. No other file of `src` asks for the system.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};

/// Whether the program runs on Windows.
pub const IS_WINDOWS: bool = cfg!(windows);

/// File identity (device and inode), independent of the path.
pub type FileId = (u64, u64);

#[cfg(unix)]
pub fn file_id(data: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    (data.dev(), data.ino())
}

/// On other systems an open file can be neither moved nor deleted.
#[cfg(not(unix))]
pub fn file_id(_: &Metadata) -> FileId {
    (0, 0)
}

/// Whether both paths lead to the same file. Where files have no identity, two hard links count as two.
pub fn is_same_file(left: &Path, right: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|data| file_id(&data));
    match (fs::canonicalize(left), fs::canonicalize(right)) {
        (Ok(left), Ok(right)) => left == right || cfg!(unix) && identity(&left) == identity(&right),
        _ => false,
    }
}

/// Whether a file has more than one hard link.
#[cfg(unix)]
pub fn has_second_name(data: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(data) > 1
}

/// On other systems the number of links of a file is unknown.
#[cfg(not(unix))]
pub fn has_second_name(_: &Metadata) -> bool {
    false
}

/// Lets only this user read and write the file if it is created.
pub fn restrict_new_file(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    // On Windows a new file inherits the rights of its folder, which are the user's own in a profile.
    #[cfg(not(unix))]
    let _ = options;
}

/// Lets only this user enter the folder if it is created.
pub fn restrict_new_folder(builder: &mut DirBuilder) {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    #[cfg(not(unix))]
    let _ = builder;
}

/// Exchanges two files in one step, where the system and the file system can do so.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub fn exchange_names(left: &Path, right: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, left, CWD, right, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
pub fn exchange_names(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A file that is locked as long as the value lives. Others may read and write it, but not lock it.
pub struct LockedFile {
    pub file: File,
    #[cfg(windows)]
    _guard: File,
}

/// Locks an open file, unless another process has it locked.
#[cfg(not(windows))]
pub fn lock_file(file: File, _: &Path) -> Result<LockedFile, TryLockError> {
    file.try_lock()?;
    Ok(LockedFile { file })
}

/// On Windows a lock would keep others from reading the file, so a file next to it is held open instead.
#[cfg(windows)]
pub fn lock_file(file: File, path: &Path) -> Result<LockedFile, TryLockError> {
    let mut options = OpenOptions::new();
    let guard = windows_guard::open(options.write(true).create(true), path)?;
    Ok(LockedFile { file, _guard: guard })
}

/// Whether another process has the file at a path locked.
pub fn is_locked(file: &File, path: &Path) -> bool {
    #[cfg(not(windows))]
    let tried = {
        let _ = path;
        file.try_lock_shared()
    };
    #[cfg(windows)]
    let tried = {
        let _ = file;
        windows_guard::open(OpenOptions::new().read(true), path).map(drop)
    };
    matches!(tried, Err(TryLockError::WouldBlock))
}

#[cfg(windows)]
mod windows_guard {
    use std::fs::{File, OpenOptions, TryLockError};
    use std::os::windows::fs::OpenOptionsExt;
    use std::path::Path;

    /// FILE_FLAG_DELETE_ON_CLOSE: a killed process leaves no guard either.
    const DELETE_ON_CLOSE: u32 = 0x0400_0000;
    const ERROR_SHARING_VIOLATION: i32 = 32;

    /// Opens the guard of a file for this process alone.
    pub fn open(options: &mut OpenOptions, path: &Path) -> Result<File, TryLockError> {
        let mut name = path.as_os_str().to_owned();
        name.push("-lock");
        options.share_mode(0).custom_flags(DELETE_ON_CLOSE).open(name).map_err(|error| match error
            .raw_os_error()
        {
            Some(ERROR_SHARING_VIOLATION) => TryLockError::WouldBlock,
            _ => TryLockError::Error(error),
        })
    }
}

/// The reason why a file was not opened.
pub enum OpenError {
    /// A part of the path is a link by now, or no folder.
    BecameLink,
    /// It is a folder, device, pipe or socket.
    Irregular,
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Opens a regular file for reading, and follows no link on the way. `path` is absolute and was resolved
/// before; it may lead elsewhere by now, since a program that may write into a folder can exchange it with
/// a link. A descriptor of a folder cannot be exchanged, so each step opens the next name in the last one.
#[cfg(unix)]
pub fn open_without_links(path: &Path) -> Result<File, OpenError> {
    use std::path::Component;

    use rustix::fs::{Mode, OFlags, open, openat};
    use rustix::io::Errno;

    // Only the right to pass through a folder is needed, where the system can open it for that.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);
    // Without `NONBLOCK`, opening a named pipe would wait for a process that writes to it.
    const REGULAR: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

    let explain = |error: Errno| match error {
        Errno::LOOP | Errno::NOTDIR => OpenError::BecameLink,
        Errno::NXIO | Errno::NODEV => OpenError::Irregular,
        error => OpenError::Io(error.into()),
    };
    let common = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut folder = open("/", FOLDER | common, Mode::empty()).map_err(explain)?;
    let mut names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    let Some(file_name) = names.next_back() else { return Err(OpenError::Irregular) };
    for name in names {
        folder = openat(&folder, name, FOLDER | common, Mode::empty()).map_err(explain)?;
    }
    let file = openat(&folder, file_name, REGULAR | common, Mode::empty()).map_err(explain)?;
    refuse_irregular(file.into())
}

/// Opens a regular file for reading. On other systems a link needs a right that few programs have.
#[cfg(not(unix))]
pub fn open_without_links(path: &Path) -> Result<File, OpenError> {
    let file = File::open(path)?;
    if fs::canonicalize(path)? != path {
        return Err(OpenError::BecameLink);
    }
    refuse_irregular(file)
}

fn refuse_irregular(file: File) -> Result<File, OpenError> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(OpenError::Irregular) }
}

/// Opens standard input, non-blocking if it is a pipe (on Linux) or a socket.
pub fn standard_input() -> Box<dyn AsyncRead + Send + Unpin> {
    #[cfg(unix)]
    if let Some(pipe) = unix_streams::open_input_pipe() {
        return Box::new(pipe);
    } else if let Some(socket) = unix_streams::open_socket(&io::stdin()) {
        return Box::new(socket);
    }
    Box::new(tokio::io::stdin())
}

/// Opens standard output, non-blocking if it is a pipe (on Linux) or a socket.
pub fn standard_output() -> Box<dyn AsyncWrite + Send + Unpin> {
    #[cfg(unix)]
    if let Some(pipe) = unix_streams::open_output_pipe() {
        return Box::new(pipe);
    } else if let Some(socket) = unix_streams::open_socket(&io::stdout()) {
        return Box::new(socket);
    }
    Box::new(tokio::io::stdout())
}

/// Waits until every writer of standard input has closed it, even with unread data in it; forever where
/// that cannot be seen before the end of input.
pub async fn hung_up() {
    #[cfg(unix)]
    unix_streams::wait_until_closed().await;
    #[cfg(not(unix))]
    std::future::pending::<()>().await;
}

#[cfg(unix)]
mod unix_streams {
    use std::fs::File;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::FileTypeExt;
    use std::time::Duration;

    use tokio::io::Interest;
    use tokio::net::UnixStream;
    use tokio::net::unix::pipe::{OpenOptions, Receiver, Sender};

    /// The pipe is opened again by its path, which only Linux has: a copy of the descriptor would share
    /// its blocking mode with the other processes that have the pipe.
    pub fn open_input_pipe() -> Option<Receiver> {
        OpenOptions::new().open_receiver("/proc/self/fd/0").ok()
    }

    pub fn open_output_pipe() -> Option<Sender> {
        OpenOptions::new().open_sender("/proc/self/fd/1").ok()
    }

    pub fn open_socket(stream: &impl AsFd) -> Option<UnixStream> {
        let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
        if !file.metadata().ok()?.file_type().is_socket() {
            return None;
        }
        let socket = std::os::unix::net::UnixStream::from(OwnedFd::from(file));
        socket.set_nonblocking(true).ok()?;
        UnixStream::from_std(socket).ok()
    }

    pub async fn wait_until_closed() {
        let pipe = open_input_pipe();
        let socket = if pipe.is_none() { open_socket(&std::io::stdin()) } else { None };
        loop {
            let ready = match (&pipe, &socket) {
                (Some(pipe), _) => pipe.ready(Interest::READABLE).await,
                (None, Some(socket)) => socket.ready(Interest::READABLE).await,
                (None, None) => std::future::pending().await,
            };
            if ready.is_ok_and(|ready| ready.is_read_closed()) {
                return;
            }
            // Polls, since a stream with unread data is always ready.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Waits for a stop signal of the process: interrupt, and on Unix terminate.
pub async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // If signals cannot be handled, only the end of input stops the process.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Handles the signal for an exceeded file size limit, which would kill the process. The write then
/// fails with an error for its caller.
pub fn hear_file_size_limit() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // SIGXFSZ on Linux (except MIPS), macOS and the BSDs.
        const FILE_SIZE_LIMIT: i32 = 25;
        if let Err(error) = signal(SignalKind::from_raw(FILE_SIZE_LIMIT)) {
            tracing::debug!("the signal of the file size limit: {error}");
        }
    }
}

/// Raises the limit of open files, one for each connection, as far as the system allows.
pub fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: maximum, maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!("the limit of open files stays: {error}");
        }
    }
}

/// Quotes a word of a command, so that it can be pasted into a shell, unless it needs no quotes.
pub fn quote_for_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if IS_WINDOWS {
        let is_plain = |c: char| is_plain(c) || c == '\\';
        return if word.chars().all(is_plain) { word.to_owned() } else { format!("\"{word}\"") };
    }
    match word.chars().all(is_plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(not(windows))]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        for (word, quoted) in [
            ("/home/ada/a.db", "/home/ada/a.db"),
            ("/home/ada/é.db", "/home/ada/é.db"),
            ("/my files/a.db", "'/my files/a.db'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("a;b", "'a;b'"),
            ("", "''"),
        ] {
            assert_eq!(quote_for_shell(word), quoted);
        }
    }
}
