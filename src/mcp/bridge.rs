//! The bridge from async to the store: one thread that writes, in the order of the calls, and
//! read-only connections beside it. Nothing here blocks the runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::model::{Error, Result};
use crate::store::{Db, Reader, Settings, Tx, View};

type Job = Box<dyn FnOnce(&Db) + Send>;

/// How many reads run at once; each holds a connection of its own.
const READERS: usize = 3;
/// How long nothing is written before the log is moved into the file, so that no caller waits for it.
const IDLE: Duration = Duration::from_millis(100);

/// The store as async code sees it.
#[derive(Clone)]
pub struct Bridge {
    /// Above `jobs`, so that they close first: the last connection to close takes the log into the
    /// file, and only one that writes can.
    readers: Arc<Readers>,
    /// Where writes go, if there are any.
    jobs: Option<mpsc::Sender<Job>>,
    /// Writes that are not done yet.
    queued: Arc<AtomicUsize>,
    places: Arc<Semaphore>,
}

/// The connections that read and are free.
struct Readers {
    free: Mutex<Vec<Reader>>,
    settings: Settings,
    /// Without a writing side.
    alone: bool,
}

impl Readers {
    fn take(&self) -> Result<Reader> {
        let free = self.free.lock().map_or_else(|_| None, |mut free| free.pop());
        match free.filter(Reader::is_good) {
            Some(reader) => Ok(reader),
            None if self.alone => Reader::open_alone(self.settings.clone()),
            None => Reader::open(self.settings.clone()),
        }
    }

    fn put_back(&self, reader: Reader) {
        if let Ok(mut free) = self.free.lock() {
            free.push(reader);
        }
    }
}

impl Bridge {
    /// Hands the store to its writing thread. The thread ends, and closes the file, when the
    /// last bridge is gone.
    pub fn start(db: Db) -> Result<(Self, JoinHandle<()>)> {
        let settings = db.settings().clone();
        let (jobs, waiting) = mpsc::channel::<Job>();
        let writer = thread::Builder::new()
            .name("atocore-writer".to_owned())
            .spawn(move || run(&db, &waiting))
            .map_err(|error| Error::Internal(format!("the writing thread: {error}")))?;
        Ok((Self::over(Some(jobs), settings), writer))
    }

    /// A store that is only read: an error if it cannot be.
    pub fn read_only(settings: Settings) -> Result<Self> {
        let reader = Reader::open_alone(settings.clone())?;
        let bridge = Self::over(None, settings);
        bridge.readers.put_back(reader);
        Ok(bridge)
    }

    fn over(jobs: Option<mpsc::Sender<Job>>, settings: Settings) -> Self {
        let readers = Readers { free: Mutex::default(), settings, alone: jobs.is_none() };
        let places = Arc::new(Semaphore::new(READERS));
        Self { readers: Arc::new(readers), jobs, queued: Arc::default(), places }
    }

    pub fn settings(&self) -> &Settings {
        &self.readers.settings
    }

    /// Runs one write; the answer comes after the commit.
    pub async fn write<T: Send + 'static>(
        &self,
        actor: String,
        operation: &'static str,
        f: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.steps(operation, move |db| db.write(&actor, operation, f)).await
    }

    /// Runs what writes in transactions of its own.
    pub async fn steps<T: Send + 'static>(
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
            let outcome = guarded(operation, || f(db));
            queued.fetch_sub(1, Ordering::SeqCst);
            outcome
        })
        .await?
    }

    /// Has the writing thread do something, in the order of the calls.
    async fn on_writer<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Db) -> T + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        // The caller may go away; what was begun is finished all the same.
        let job: Job = Box::new(move |db| drop(answer.send(f(db))));
        let closed = || Error::Internal("the writing thread has ended".to_owned());
        let jobs = self.jobs.as_ref().ok_or_else(Error::read_only)?;
        jobs.send(job).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())
    }

    /// Runs one read on a connection of its own. It sees every write that was sent before it.
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
        let readers = Arc::clone(&self.readers);
        let task = tokio::task::spawn_blocking(move || {
            let reader = readers.take()?;
            let outcome = guarded(operation, || reader.read(f));
            readers.put_back(reader);
            outcome
        });
        task.await.map_err(|error| internal(&error))?
    }
}

/// The writing thread: does what it is sent until nobody can send more.
fn run(db: &Db, waiting: &Receiver<Job>) {
    while let Ok(job) = waiting.recv() {
        job(db);
        loop {
            match waiting.recv_timeout(IDLE) {
                Ok(job) => job(db),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        db.move_log();
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
