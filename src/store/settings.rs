//! Settings for opening a store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::past_stores::PastStores;
use crate::model::{Error, Ontology, Result, StorageProblem, Timestamp};

/// The durability of commits. A killed process loses nothing with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// `synchronous=NORMAL`: a power cut may lose the last commits, but never part of one.
    #[default]
    Normal,
    /// `synchronous=FULL`: a power cut loses no acknowledged commit.
    Full,
}

impl Durability {
    /// The value for SQLite's `synchronous` pragma.
    pub(super) const fn level(self) -> i64 {
        match self {
            Self::Normal => 1,
            Self::Full => 2,
        }
    }
}

/// The source of the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// The source of new ids.
pub type Ids = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// Settings for opening a store. The clock and the id source are inputs, so that tests can fix
/// them.
#[derive(Clone)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// The durability of commits.
    pub durability: Durability,
    /// How long a write waits for another process.
    pub busy_timeout: Duration,
    /// Hours until an idempotency key expires.
    pub key_hours: u32,
    /// The types of entities and relationships, and the slots.
    pub ontology: Arc<Ontology>,
    /// Whether a file gives the ontology, even if it adds nothing.
    pub ontology_given: bool,
    /// Whether text that looks like a secret is stored.
    pub allow_secrets: bool,
    /// The source of the current time.
    pub clock: Clock,
    /// The source of new ids.
    pub ids: Ids,
    /// Copies of the store as it was earlier, which all readers of the process share.
    pub past: Arc<PastStores>,
}

/// Makes an id. A clock before 1970, which these ids cannot express, counts as 1970.
#[expect(clippy::disallowed_methods, reason = "here the ids come in")]
fn new_id(now: DateTime<Utc>) -> Uuid {
    if now.timestamp() >= 0 {
        return Uuid::now_v7();
    }
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 0, now.timestamp_subsec_nanos()))
}

/// Refuses a system without random numbers, where making the first id would panic.
pub(super) fn check_random_numbers() -> Result<()> {
    getrandom::fill(&mut [0; 16]).map_err(no_random_numbers)
}

fn no_random_numbers(error: getrandom::Error) -> Error {
    Error::storage_unchanged(
        StorageProblem::NoAccess,
        format!("the system gives no random numbers, which new ids need: {error}"),
        "Allow the system call getrandom, or make the device /dev/urandom available.",
    )
}

impl Settings {
    /// Returns the default settings for a file.
    #[expect(clippy::disallowed_methods, reason = "here the clock and the ids come in")]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::default(),
            busy_timeout: Duration::from_secs(10),
            key_hours: 24,
            ontology: Arc::new(Ontology::default()),
            ontology_given: false,
            allow_secrets: false,
            clock: Arc::new(|| Timestamp::from_utc(chrono::Utc::now())),
            ids: Arc::new(|| new_id(chrono::Utc::now())),
            past: Arc::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_random_numbers_is_an_error_with_advice() {
        assert_eq!(check_random_numbers(), Ok(()));
        let error = no_random_numbers(getrandom::Error::UNSUPPORTED);
        assert_eq!(error.code(), "storage");
        assert!(error.to_string().contains("no random numbers"), "{error}");
        assert!(error.hint().advice.contains("/dev/urandom"), "{:?}", error.hint());
    }

    #[test]
    fn a_clock_before_1970_makes_ids_all_the_same() {
        let early = DateTime::from_timestamp(-1_000_000_000, 5).expect("an instant");
        assert_ne!(new_id(early), new_id(early));
    }
}
