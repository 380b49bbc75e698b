//! Files of other programs, read into memory.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::input::InputFile;
use super::jsonl::unreadable_file;
use crate::model::text::one_line;
use crate::model::{Error, Result, StorageProblem};
use crate::ops::exchange::formats::ExchangeFormat;
use crate::ops::exchange::items::ExchangeFile;

/// Maximum bytes of all files, which are read into memory.
const MAX_FILE: u64 = 256 * 1024 * 1024;
/// Maximum files of a folder.
const MAX_FILES: usize = 100_000;
/// A source reference is one line without control characters.
pub fn source_name(name: &str) -> String {
    one_line(&name.replace('\t', " ")).into_owned()
}

/// Reads the files of a format: those named, and those in folders that are named. Links are not followed.
pub fn collect_files(format: &ExchangeFormat, paths: &[PathBuf]) -> Result<Vec<ExchangeFile>> {
    let mut files = Vec::new();
    let mut size = 0;
    let mut add = |name: String, path: &Path| -> Result<()> {
        let bytes = read_file(path)?;
        size += bytes.len() as u64;
        check_size("the files", size, MAX_FILE, "bytes")?;
        files.push(ExchangeFile { name: source_name(&name), bytes });
        check_size("the folder", files.len() as u64, MAX_FILES as u64, "files")
    };
    for path in paths {
        let input = InputFile::open(path)?;
        if !input.path().is_dir() {
            add(input.name().to_owned(), input.path())?;
            continue;
        }
        for entry in WalkDir::new(path).sort_by_file_name() {
            let entry = entry.map_err(|error| unreadable_file(path)(error.into()))?;
            let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
            let parts: Vec<_> =
                below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            let name = parts.join("/");
            if entry.file_type().is_file() && format.takes(&name) {
                add(name, entry.path())?;
            }
        }
    }
    if files.is_empty() {
        let endings = format.endings.join(", ");
        let problem = format!("there is no file of the format {} ({endings})", format.name);
        return Err(Error::invalid(
            "files",
            problem,
            "Name a folder with such files, or the files.",
        ));
    }
    Ok(files)
}

fn check_size(what: &str, size: u64, limit: u64, unit: &'static str) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(Error::TooMuch { what: what.to_owned(), size: size as usize, limit: limit as usize, unit })
}

pub fn read_file(file: &Path) -> Result<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be read: {error}", file.display()),
            "Give a file of the program that --from names, such as memory.json.",
        )
    };
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    check_size(&file.display().to_string(), size, MAX_FILE, "bytes")?;
    std::fs::read(file).map_err(unreadable)
}
