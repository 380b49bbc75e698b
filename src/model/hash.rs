//! SHA-256 in lower-case hexadecimal digits.

use sha2::{Digest, Sha256};

/// Returns the SHA-256 of a text or of bytes.
pub fn digest(bytes: impl AsRef<[u8]>) -> String {
    to_hex(&Sha256::digest(bytes))
}

/// Returns the hexadecimal digits of bytes.
pub fn to_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
