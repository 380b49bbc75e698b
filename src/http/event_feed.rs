//! The place of the newest change in the audit, for all streams of events.

use std::time::Duration;

use tokio::sync::watch;

use crate::app::changes::last_sequence;
use crate::app::store_handle::StoreHandle;

/// How often the store is asked for changes of other processes while somebody listens.
const INTERVAL: Duration = Duration::from_millis(300);

/// The sequence number of the newest change, kept current while somebody listens; `None` ends all
/// streams.
pub struct EventFeed {
    newest: watch::Sender<Option<i64>>,
    store: StoreHandle,
}

impl EventFeed {
    pub fn new(store: StoreHandle) -> Self {
        Self { newest: watch::Sender::new(Some(0)), store }
    }

    /// Returns the place of the newest change, as it grows.
    pub fn subscribe(&self) -> watch::Receiver<Option<i64>> {
        self.newest.subscribe()
    }

    /// Ends all streams, so that the server can stop.
    pub fn end(&self) {
        self.newest.send_replace(None);
    }

    /// Asks the store for its newest change, as long as the server runs.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if self.newest.receiver_count() == 0 {
                continue;
            }
            match self.store.read("events", last_sequence).await {
                Ok(newest) => {
                    let newest = Some(newest);
                    self.newest
                        .send_if_modified(|known| std::mem::replace(known, newest) != newest);
                }
                Err(error) => tracing::debug!("events: {error}"),
            }
        }
    }
}
