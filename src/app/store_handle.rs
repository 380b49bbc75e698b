//! The store for async callers: one writer thread, which runs writes in the order of the calls, and
//! a pool of read-only connections. Nothing here blocks the async runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::model::{Error, Result};
use crate::store::{Db, Reader, Settings, View};

type WriterJob = Box<dyn FnOnce(&Db) + Send>;

/// Maximum concurrent reads, each on a connection of its own.
const READERS: usize = 3;
/// Idle time after which the writer thread runs a checkpoint, so that no caller waits for it.
const IDLE: Duration = Duration::from_millis(100);

/// An async handle to the store.
#[derive(Clone)]
pub struct StoreHandle {
    /// Declared before `jobs`, so that readers are dropped first: the last connection to close
    /// checkpoints the write-ahead log, which only a writable one can do.
    readers: Arc<Readers>,
    /// The queue of the writer thread; `None` if read-only.
    jobs: Option<mpsc::Sender<WriterJob>>,
    /// Writes that are queued or running.
    queued: Arc<AtomicUsize>,
    places: Arc<Semaphore>,
}

/// The idle read connections.
struct Readers {
    free: Mutex<Vec<Reader>>,
    settings: Settings,
}

impl Readers {
    /// Takes an idle connection to the current file, and closes those to a replaced file. If there
    /// is no writer (`alone`), the log of the replaced file is removed first; else the writer does
    /// that.
    fn take(&self, alone: bool) -> Result<Option<Reader>> {
        let Ok(mut free) = self.free.lock() else { return Ok(None) };
        while let Some(reader) = free.pop() {
            if reader.is_current() {
                return Ok(Some(reader));
            }
            if alone && let Err(error) = reader.give_up() {
                free.push(reader);
                return Err(error);
            }
        }
        Ok(None)
    }

    fn read_and_keep<T>(
        &self,
        reader: Reader,
        operation: &str,
        f: impl FnOnce(&View<'_>) -> Result<T>,
    ) -> Result<T> {
        let outcome = catch_panics(operation, || reader.read(f));
        if reader.is_sound() {
            self.put_back(reader);
        }
        outcome
    }

    fn put_back(&self, reader: Reader) {
        if let Ok(mut free) = self.free.lock() {
            free.push(reader);
        }
    }

    fn close(&self) {
        if let Ok(mut free) = self.free.lock() {
            free.clear();
        }
    }
}

impl StoreHandle {
    /// Moves the store to its writer thread. The thread ends, and closes the file, when the last
    /// handle is dropped.
    pub fn start(db: Db) -> Result<(Self, JoinHandle<()>)> {
        let settings = db.settings().clone();
        let (jobs, waiting) = mpsc::channel::<WriterJob>();
        let handle = Self::over(Some(jobs), settings);
        let beside = Arc::downgrade(&handle.readers);
        let writer = thread::Builder::new()
            .name("atocore-writer".to_owned())
            .spawn(move || run(&db, &waiting, &beside))
            .map_err(|error| Error::Internal(format!("the writing thread: {error}")))?;
        Ok((handle, writer))
    }

    /// Opens a read-only store; an error if it cannot be read without a write.
    pub fn read_only(settings: Settings) -> Result<Self> {
        let reader = Reader::open_alone(settings.clone())?;
        let handle = Self::over(None, settings);
        handle.readers.put_back(reader);
        Ok(handle)
    }

    fn over(jobs: Option<mpsc::Sender<WriterJob>>, settings: Settings) -> Self {
        let readers = Readers { free: Mutex::default(), settings };
        let places = Arc::new(Semaphore::new(READERS));
        Self { readers: Arc::new(readers), jobs, queued: Arc::default(), places }
    }

    pub fn settings(&self) -> &Settings {
        &self.readers.settings
    }

    /// Runs a function that opens its own write transactions.
    pub async fn run_steps<T: Send + 'static>(
        &self,
        operation: &'static str,
        f: impl FnOnce(&Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.jobs.is_none() {
            return Err(Error::read_only());
        }
        self.queued.fetch_add(1, Ordering::SeqCst);
        let queued = Arc::clone(&self.queued);
        self.on_writer(move |db| {
            let outcome = catch_panics(operation, || f(db));
            queued.fetch_sub(1, Ordering::SeqCst);
            outcome
        })
        .await?
    }

    /// Runs a function on the writer thread, in the order of the calls.
    async fn on_writer<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Db) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        // If the caller is cancelled, the job still runs to its end.
        let job: WriterJob = Box::new(move |db| drop(answer.send(f(db))));
        let closed = || Error::Internal("the writing thread has ended".to_owned());
        let jobs = self.jobs.as_ref().ok_or_else(Error::read_only)?;
        jobs.send(job).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())
    }

    /// Runs a read on a pooled connection. It sees every write that was queued before it.
    pub async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        f: impl FnOnce(&View<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.queued.load(Ordering::SeqCst) > 0 {
            self.on_writer(|_| ()).await?;
        }
        let internal = |error: &dyn std::fmt::Display| Error::Internal(error.to_string());
        let _place = self.places.acquire().await.map_err(|error| internal(&error))?;
        let (alone, readers) = (self.jobs.is_none(), Arc::clone(&self.readers));
        let reading = tokio::task::spawn_blocking(move || match readers.take(alone) {
            Ok(Some(reader)) => Ok(readers.read_and_keep(reader, operation, f)),
            Ok(None) => Err(f),
            Err(error) => Ok(Err(error)),
        });
        let f = match reading.await.map_err(|error| internal(&error))? {
            Ok(outcome) => return outcome,
            Err(f) => f,
        };
        if !alone {
            // Before a connection is opened, the writer checks that the file was not replaced: only
            // it knows whether the existing log belongs to the file.
            self.on_writer(Db::check).await??;
        }
        let readers = Arc::clone(&self.readers);
        let reading = tokio::task::spawn_blocking(move || {
            let open = if alone { Reader::open_alone } else { Reader::open };
            let reader = open(readers.settings.clone())?;
            readers.read_and_keep(reader, operation, f)
        });
        reading.await.map_err(|error| internal(&error))?
    }
}

/// Runs queued jobs until all senders are dropped.
fn run(db: &Db, waiting: &Receiver<WriterJob>, readers: &Weak<Readers>) {
    let close_readers = || {
        if db.is_given_up()
            && let Some(readers) = readers.upgrade()
        {
            // The readers still hold the log that the writer gave up.
            readers.close();
        }
    };
    while let Ok(job) = waiting.recv() {
        job(db);
        close_readers();
        loop {
            match waiting.recv_timeout(IDLE) {
                Ok(job) => job(db),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            close_readers();
        }
        db.checkpoint_log();
        close_readers();
    }
}

/// Converts a panic to an error, so that the caller gets an answer and the transaction is rolled
/// back.
fn catch_panics<T>(operation: &str, f: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(Error::Internal(format!("{operation} panicked: {message}")))
    })
}
