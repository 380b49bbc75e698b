//! Conversion of driver errors to errors for the caller.

use rusqlite::{ErrorCode, ffi};

use crate::model::{Error, Hint, NextStep, StorageProblem};

pub(super) fn convert_error(error: &rusqlite::Error) -> Error {
    let message = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
        Some(ErrorCode::NotADatabase) => Error::storage(
            StorageProblem::NotAStore,
            message,
            Hint::new("The file is not an SQLite database; choose another.", NextStep::ChooseStore),
        ),
        // The pages are intact; the content of the full-text index is not.
        Some(ErrorCode::DatabaseCorrupt) if is_of_search(error) => Error::storage(
            StorageProblem::DamagedIndex,
            message,
            Hint::new(
                "The search index is damaged and can be built again from the rows.",
                NextStep::RepairDerivedData,
            ),
        ),
        Some(ErrorCode::DatabaseCorrupt) => Error::storage(
            StorageProblem::Damaged,
            message,
            "The file is damaged; restore a backup of it.",
        ),
        Some(ErrorCode::DiskFull) => Error::storage_unchanged(
            StorageProblem::DiskFailed,
            message,
            "The disk is full. Make room and try again.",
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            Error::storage(
                StorageProblem::NoAccess,
                message,
                "The file cannot be opened or written; check its path, folder and permissions.",
            )
        }
        Some(ErrorCode::SystemIoFailure) => io_failed(error, message),
        _ => Error::Internal(message),
    }
}

fn io_failed(error: &rusqlite::Error, message: String) -> Error {
    match error.sqlite_extended_error_code() {
        // Everything was written, but the disk did not confirm that it is durable.
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC) => Error::storage(
            StorageProblem::DiskFailed,
            message,
            "The disk did not confirm the write: read whether it is there before you repeat it.",
        ),
        Some(ffi::SQLITE_IOERR_SHORT_READ) => Error::storage_unchanged(
            StorageProblem::Moved,
            message,
            "The file or its log was cut or taken away. A server that has it open saves its copy \
             of the log at its next call; then try again.",
        ),
        _ => Error::storage_unchanged(
            StorageProblem::DiskFailed,
            message,
            "The disk failed or has no room. Check it and try again.",
        ),
    }
}

fn is_of_search(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_CORRUPT_VTAB)
}
