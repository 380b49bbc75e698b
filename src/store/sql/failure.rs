//! What errors of the driver mean to the caller.

use rusqlite::{ErrorCode, ffi};

use crate::model::Error;
use crate::model::error::DAMAGED;

/// What a driver's error means to the caller.
pub(super) fn failed(error: &rusqlite::Error) -> Error {
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => return Error::Busy,
        Some(ErrorCode::NotADatabase) => {
            "The file is not an SQLite database; choose another with --db."
        }
        // The pages are sound, and what the full-text index keeps in them is not.
        Some(ErrorCode::DatabaseCorrupt) if is_of_search(error) => {
            "The search index is damaged; `atocore doctor --fix` makes it afresh from the rows."
        }
        Some(ErrorCode::DatabaseCorrupt) => DAMAGED,
        Some(ErrorCode::DiskFull) => {
            "The disk is full; nothing was changed. Make room and try again."
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "The file cannot be opened or written; check its path, folder and permissions."
        }
        Some(ErrorCode::SystemIoFailure) => match error.sqlite_extended_error_code() {
            // All was written, and the disk did not say that it keeps it.
            Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => {
                "The disk did not confirm the write: read whether it is there before you repeat it."
            }
            Some(ffi::SQLITE_IOERR_SHORT_READ) => {
                "Nothing was changed, but the file or its log was cut or taken away. A server that \
                 has it open saves what it knows of the log at its next call; then try again."
            }
            _ => "The disk failed or has no room; nothing was changed. Check it and try again.",
        },
        _ => return Error::Internal(error.to_string()),
    };
    Error::Storage { message: error.to_string(), hint: hint.to_owned() }
}

fn is_of_search(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_CORRUPT_VTAB)
}
