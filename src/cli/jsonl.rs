//! Reads files of lines with a size limit, line numbers and a progress bar.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::{Error, Result, StorageProblem};

/// Returns the error for a file that cannot be read.
pub fn unreadable_file(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |error| {
        Error::storage(
            StorageProblem::NoAccess,
            format!("{} cannot be read: {error}", path.display()),
            "Give a file of JSON lines.",
        )
    }
}

pub fn open_file(path: &Path) -> Result<File> {
    File::open(path).map_err(unreadable_file(path))
}

/// Visits every line with its number. A line over `max` bytes is truncated to `max` + 1 bytes.
pub fn for_each(
    path: &Path,
    max: u64,
    mut visit: impl FnMut(usize, &[u8]) -> Result<()>,
) -> Result<()> {
    let unreadable = unreadable_file(path);
    let mut file = BufReader::with_capacity(1 << 16, open_file(path)?);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let read =
            file.by_ref().take(max + 1).read_until(b'\n', &mut bytes).map_err(&unreadable)?;
        if read == 0 {
            break;
        }
        if bytes.last() != Some(&b'\n') && bytes.len() as u64 > max {
            file.skip_until(b'\n').map_err(&unreadable)?;
        }
        visit(number, &bytes)?;
    }
    Ok(())
}

/// Returns the text of a line without its line ending; the reason if it is invalid.
pub fn line_text(bytes: &[u8], max: u64) -> Result<&str, String> {
    if bytes.len() as u64 > max {
        return Err(format!("it has over {max} bytes; split it"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 ({error}); convert the file to UTF-8"))?;
    Ok(text.trim_start_matches('\u{FEFF}').trim())
}

/// Creates a progress bar on standard error, hidden if that is not a terminal.
pub fn progress_bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} rows, {eta} left") {
        bar.set_style(style);
    }
    bar
}
