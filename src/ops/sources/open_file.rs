//! Opens a file at a resolved path, step by step from the root of the file system, and follows no link
//! on the way. A path that was checked may lead elsewhere by the time it is opened: a program that may
//! write into a folder can exchange it with a link. A descriptor of a folder cannot be exchanged.

use std::fs::File;
use std::io;
use std::path::Path;

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

/// Opens a regular file for reading. `path` is absolute and was resolved before.
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

/// On other systems a link needs a right that few programs have.
#[cfg(not(unix))]
pub fn open_without_links(path: &Path) -> Result<File, OpenError> {
    let file = File::open(path)?;
    if std::fs::canonicalize(path)? != path {
        return Err(OpenError::BecameLink);
    }
    refuse_irregular(file)
}

fn refuse_irregular(file: File) -> Result<File, OpenError> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(OpenError::Irregular) }
}
