//! Sanitizes the log: one line for each event, with hidden characters escaped and secrets masked.
//! This includes the SDK's events, which contain client data unchanged.

use std::io::{Result, Write};

use crate::model::secrets::mask_secrets;
use crate::model::text::one_line;

/// Sanitizes every event that is written through it.
pub struct SanitizingWriter<W>(pub W);

impl<W: Write> Write for SanitizingWriter<W> {
    /// Expects one whole event for each call, as the subscriber writes them.
    fn write(&mut self, event: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = mask_secrets(text.trim_end_matches('\n'));
        // One `write_all`, since other processes may append to the same file.
        self.0.write_all(format!("{}\n", one_line(&text)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records the separate writes.
    #[derive(Default)]
    struct Pieces(Vec<String>);

    impl Write for Pieces {
        fn write(&mut self, piece: &[u8]) -> Result<usize> {
            self.0.push(String::from_utf8_lossy(piece).into_owned());
            Ok(piece.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_written_in_one_piece() {
        let mut plain = SanitizingWriter(Pieces::default());
        assert!(plain.write_all(b"a\nb \x1b[1m\n").is_ok());
        assert_eq!(plain.0.0, ["a\\nb \\u{1b}[1m\n"]);
    }
}
