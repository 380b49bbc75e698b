//! Output of the commands: hidden characters are escaped, a line never contains a line break, and a
//! closed pipe ends the output, but not the command.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::model::text::{escape_hidden, one_line, visible_json};

static CLOSED: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicBool = AtomicBool::new(false);

/// Whether standard output is closed.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Whether output was lost, other than because its reader has read enough.
pub fn has_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

/// Prints a line.
pub fn print_line(text: impl AsRef<str>) {
    print(&format!("{}\n", one_line(text.as_ref())));
}

/// Prints a text of several lines.
pub fn print_page(text: &str) {
    print(&escape_hidden(text));
}

/// Prints a value as a line of JSON.
pub fn print_json(value: &Value) {
    print(&format!("{}\n", visible_json(&value.to_string())));
}

/// Prints a line to standard error.
pub fn error_line(text: impl AsRef<str>) {
    // This failure cannot be reported anywhere.
    let _ = writeln!(std::io::stderr(), "{}", one_line(text.as_ref()));
}

/// Prints a line of another program as it is.
pub fn print_bytes(line: &[u8]) {
    write_output(&[line, b"\n"].concat());
}

fn print(text: &str) {
    write_output(text.as_bytes());
}

fn write_output(bytes: &[u8]) {
    if is_closed() {
        return;
    }
    let mut output = std::io::stdout().lock();
    if let Err(error) = output.write_all(bytes).and_then(|()| output.flush()) {
        CLOSED.store(true, Ordering::Relaxed);
        if error.kind() != ErrorKind::BrokenPipe {
            FAILED.store(true, Ordering::Relaxed);
            error_line(format!("error: standard output: {error}"));
        }
    }
}
