//! The file of an import. It is read more than once, so a pipe is copied into a temporary file first.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::jsonl::unreadable_file;
use crate::model::Result;

/// A file that can be read more than once.
pub struct InputFile {
    path: PathBuf,
    /// The name for sources: that of the given file.
    name: String,
    /// Removes the copy of a pipe at the end.
    copy: Option<NamedTempFile>,
}

impl InputFile {
    /// Opens a file; `-` is standard input.
    pub fn open(given: &Path) -> Result<Self> {
        let unreadable = unreadable_file(given);
        if given == Path::new("-") {
            return Self::copy_pipe(given, "standard input", io::stdin().lock());
        }
        let data = fs::metadata(given).map_err(&unreadable)?;
        if !data.is_file() && !data.is_dir() {
            let pipe = File::open(given).map_err(&unreadable)?;
            return Self::copy_pipe(given, "standard input", pipe);
        }
        let name = given.file_name().unwrap_or(given.as_os_str()).to_string_lossy().into_owned();
        Ok(Self { path: given.to_owned(), name, copy: None })
    }

    fn copy_pipe(given: &Path, name: &str, mut pipe: impl io::Read) -> Result<Self> {
        let unreadable = unreadable_file(given);
        // Accessible by this user only.
        let mut copy = NamedTempFile::new().map_err(&unreadable)?;
        io::copy(&mut pipe, &mut copy).map_err(&unreadable)?;
        Ok(Self { path: copy.path().to_owned(), name: name.to_owned(), copy: Some(copy) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is standard input or a pipe, which cannot be read again later.
    pub fn is_pipe(&self) -> bool {
        self.copy.is_some()
    }
}
