//! The keys in use: those of a file, or those that were fetched last.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::Header;
use tokio::sync::{Mutex, MutexGuard};

use super::issuer::IssuerAddress;
use super::keys::KeySet;

/// After this time the keys are fetched again, so that one that the provider withdrew ends.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// The least time between two attempts: a caller can send tokens of any key's name.
pub const PAUSE: Duration = Duration::from_secs(5);

/// The keys of an identity provider.
pub enum IssuerKeys {
    /// Those of a file, read at the start.
    Fixed(Arc<KeySet>),
    /// Those that the provider serves.
    Fetched(KeyCache),
}

/// Keys that were fetched, and are fetched again when needed.
pub struct KeyCache {
    issuer: IssuerAddress,
    current: RwLock<Option<(Arc<KeySet>, Instant)>>,
    /// The last attempt, and the right to make the next one.
    attempt: Mutex<Option<Instant>>,
}

impl IssuerKeys {
    /// Returns keys among which the one that signed a token with this header is, if it exists; `None`
    /// if the provider did not answer so far.
    pub async fn get(&self, header: &Header) -> Option<Arc<KeySet>> {
        match self {
            Self::Fixed(keys) => Some(Arc::clone(keys)),
            Self::Fetched(cache) => cache.get(header).await,
        }
    }
}

impl KeyCache {
    pub fn new(issuer: IssuerAddress) -> Self {
        Self { issuer, current: RwLock::new(None), attempt: Mutex::new(None) }
    }

    async fn get(&self, header: &Header) -> Option<Arc<KeySet>> {
        let knows = |keys: &KeySet| keys.find(header).next().is_some();
        match self.current() {
            Some((keys, read)) if knows(&keys) => {
                // One request fetches them again, the others go on with those that there are.
                if read.elapsed() > LIFETIME
                    && let Ok(attempt) = self.attempt.try_lock()
                {
                    self.fetch(attempt).await;
                }
            }
            _ => {
                let attempt = self.attempt.lock().await;
                // Another request may have fetched them while this one waited.
                if !self.current().is_some_and(|(keys, _)| knows(&keys)) {
                    self.fetch(attempt).await;
                }
            }
        }
        self.current().map(|(keys, _)| keys)
    }

    async fn fetch(&self, mut attempt: MutexGuard<'_, Option<Instant>>) {
        if attempt.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        *attempt = Some(Instant::now());
        let issuer = self.issuer.clone();
        match tokio::task::spawn_blocking(move || issuer.fetch_keys()).await {
            Ok(Ok(keys)) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Some((Arc::new(keys), Instant::now()));
            }
            Ok(Err(problem)) => tracing::warn!("the keys of the issuer were not read: {problem}"),
            Err(error) => tracing::error!("reading the keys of the issuer failed: {error}"),
        }
        // A request that waited for this attempt makes no other.
        *attempt = Some(Instant::now());
    }

    fn current(&self) -> Option<(Arc<KeySet>, Instant)> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
