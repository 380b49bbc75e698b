//! The operations of the store: one module for each noun or capability, all run in the caller's
//! transaction.

pub mod exchange;
pub mod maintain;
pub mod past;
pub mod read;
pub mod record;
pub mod sources;
mod transaction;
pub mod write;

pub use self::transaction::{open, write_and_detect_conflicts};
pub use crate::store::View;
