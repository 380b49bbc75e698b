//! Decodes files: UTF-8, UTF-16 with a byte order mark, else Windows-1252.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Returns the text of a file with line feeds as line ends, or the reason why it is not text.
///
/// Latin-1 is read as Windows-1252, which has the same printable characters. Bytes that are no
/// printable character in Windows-1252 show that the file is not text.
pub fn decode(bytes: &[u8]) -> Result<String, &'static str> {
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => {
            let (text, failed) = encoding.decode_without_bom_handling(&bytes[length..]);
            if failed {
                return Err("it is not in the encoding that its first bytes name");
            }
            text
        }
        None => match UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => text,
            None => {
                let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
                if text.chars().any(is_no_letter) {
                    return Err(BINARY);
                }
                text
            }
        },
    };
    if text.contains('\0') {
        return Err(BINARY);
    }
    Ok(if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.into_owned()
    })
}

const BINARY: &str = "it is a binary file";

/// Returns whether a control character does not occur in text files.
fn is_no_letter(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{C}' | '\u{1B}' | '\u{1A}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_gives_the_same_text() {
        let utf_16 = |big: bool| {
            let units = "\u{FEFF}Größe 10 µm – 🛰".encode_utf16();
            let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            units.flat_map(bytes).collect::<Vec<u8>>()
        };
        for bytes in [
            "Größe 10 µm – 🛰".as_bytes().to_vec(),
            "\u{FEFF}Größe 10 µm – 🛰".as_bytes().to_vec(),
            utf_16(true),
            utf_16(false),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok("Größe 10 µm – 🛰"));
        }
        assert_eq!(decode(b"Gr\xF6\xDFe 10 \xB5m \x96 \x80").as_deref(), Ok("Größe 10 µm – €"));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode(b"a\0b"), Err(BINARY));
        assert_eq!(decode(b"\xFF\xD8\xFF\xE0\x01\x02"), Err(BINARY));
        assert_eq!(decode(b"a\x81b"), Err(BINARY));
        assert_eq!(decode(b"\xFF\xFE\0\0a\0\0\0"), Err(BINARY), "UTF-32");
        assert!(decode(b"\xEF\xBB\xBFa\xFF").is_err());
        assert!(decode(b"\xFE\xFF\xD8\x00").is_err());
        assert_eq!(decode(b"a\r\nb\rc\n").as_deref(), Ok("a\nb\nc\n"));
        assert_eq!(decode(b"").as_deref(), Ok(""));
    }
}
