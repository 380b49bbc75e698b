//! SHA-256 in lower-case hexadecimal digits.

use base16ct::lower::encode_string;
use sha2::{Digest, Sha256};

/// Returns the SHA-256 of a text or of bytes.
pub fn digest(bytes: impl AsRef<[u8]>) -> String {
    encode_string(&Sha256::digest(bytes))
}
