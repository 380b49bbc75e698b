//! What the log writes: a line for each event, in which nothing hides and no secret stands, whoever
//! worded it. The SDK logs what clients say of themselves as it came.

use std::io::{Result, Write};

use crate::model::secrets::masked;
use crate::model::text::one_line;

/// Makes each event that is written through it one plain line.
pub struct Plain<W>(pub W);

impl<W: Write> Write for Plain<W> {
    /// The subscriber hands over each event as a whole.
    fn write(&mut self, event: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = masked(text.trim_end_matches('\n'));
        writeln!(self.0, "{}", one_line(&text))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}
