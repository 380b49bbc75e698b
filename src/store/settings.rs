//! What a store is opened with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::model::{Ontology, Timestamp};

/// What a commit survives. A killed process loses nothing with either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// `synchronous=NORMAL`: a power cut may take the last commits, never part of one.
    #[default]
    Normal,
    /// `synchronous=FULL`: a power cut takes nothing that was answered.
    Full,
}

impl Durability {
    /// The number of SQLite's `synchronous`.
    pub(super) const fn level(self) -> i64 {
        match self {
            Self::Normal => 1,
            Self::Full => 2,
        }
    }
}

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Where new ids come from.
pub type Ids = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// What a store is opened with. The clock and the ids are inputs, so that a test can fix them.
#[derive(Clone)]
pub struct Settings {
    pub path: PathBuf,
    pub durability: Durability,
    pub busy_timeout: Duration,
    /// Hours for which an idempotency key holds.
    pub key_hours: u32,
    pub ontology: Arc<Ontology>,
    /// Whether what looks like a secret is stored too.
    pub allow_secrets: bool,
    pub clock: Clock,
    pub ids: Ids,
}

impl Settings {
    #[expect(clippy::disallowed_methods, reason = "here the clock and the ids come in")]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::default(),
            busy_timeout: Duration::from_secs(10),
            key_hours: 24,
            ontology: Arc::new(Ontology::default()),
            allow_secrets: false,
            clock: Arc::new(|| Timestamp::from_utc(chrono::Utc::now())),
            ids: Arc::new(Uuid::now_v7),
        }
    }
}
