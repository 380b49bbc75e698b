//! The bridge from async to the store: one thread that writes, in the order of the calls, and
//! read-only connections beside it. Nothing here blocks the runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use tokio::sync::{Semaphore, oneshot};

use crate::model::{Error, Result};
use crate::store::{Db, Reader, Settings, Tx, View};

type Job = Box<dyn FnOnce(&Db) + Send>;

/// How many reads run at once; each holds a connection of its own.
const READERS: usize = 3;

/// The store as async code sees it.
#[derive(Clone)]
pub struct Bridge {
    jobs: mpsc::Sender<Job>,
    readers: Arc<Mutex<Vec<Reader>>>,
    places: Arc<Semaphore>,
    settings: Settings,
}

impl Bridge {
    /// Hands the store to its writing thread. The thread ends, and closes the file, when the
    /// last bridge is gone.
    pub fn start(db: Db) -> Result<(Self, JoinHandle<()>)> {
        let settings = db.settings().clone();
        let (jobs, waiting) = mpsc::channel::<Job>();
        let writer = thread::Builder::new()
            .name("atocore-writer".to_owned())
            .spawn(move || waiting.into_iter().for_each(|job| job(&db)))
            .map_err(|error| Error::Internal(format!("the writing thread: {error}")))?;
        let bridge = Self {
            jobs,
            readers: Arc::default(),
            places: Arc::new(Semaphore::new(READERS)),
            settings,
        };
        Ok((bridge, writer))
    }

    /// Runs one write; the answer comes after the commit.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: String,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |db| {
            let outcome = guarded(operation, || db.write(&actor, operation, f));
            // The caller may have gone away; the commit stands all the same.
            let _ = answer.send(outcome);
        });
        let closed = || Error::Internal("the writing thread has ended".to_owned());
        self.jobs.send(job).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Runs one read on a connection of its own.
    pub async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        f: impl FnOnce(&View<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
        let _place = self.places.acquire().await.map_err(|error| internal(&error))?;
        let readers = Arc::clone(&self.readers);
        let settings = self.settings.clone();
        let task = tokio::task::spawn_blocking(move || {
            let free = readers.lock().map_or_else(|_| None, |mut free| free.pop());
            let reader = free.map_or_else(|| Reader::open(settings), Ok)?;
            let outcome = guarded(operation, || reader.read(f));
            if let Ok(mut free) = readers.lock() {
                free.push(reader);
            }
            outcome
        });
        task.await.map_err(|error| internal(&error))?
    }
}

/// Turns a panic into an error: the caller gets an answer, and the transaction is rolled back.
fn guarded<T>(operation: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(Error::Internal(format!("{operation} panicked: {message}")))
    })
}
