//! The thread that owns the file. It does not know tasks: it runs all waiting jobs in one transaction, and answers when
//! the transaction is committed. A job that nobody is held up by waits for the transaction of another, for a while.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::failure::Failure;
use crate::store::StoreError;

/// How many operations wait before those who ask for more wait themselves.
const QUEUE: usize = 1024;
/// How many share a transaction, beside those that nobody is held up by. More would gain little, and the first of them
/// would wait for the last.
const BATCH: usize = 256;

/// What reaches the worker. Cheap to clone; it ends with the last clone.
#[derive(Clone)]
pub(super) struct Worker {
    messages: mpsc::Sender<Message>,
    /// The places of those that wait in the channel.
    places: Arc<Semaphore>,
    /// Closed when the file is.
    alive: watch::Receiver<()>,
}

enum Message {
    Run(Waits),
    /// Nobody is held up by it.
    RunIdle(Waits),
    Stop,
}

struct Waits {
    job: Box<dyn Job>,
    _place: OwnedSemaphorePermit,
}

impl Worker {
    /// Starts the thread, which opens the file first; gives what the opening gave beside it.
    /// `company`: how long a job that nobody is held up by waits for the transaction of another.
    pub(super) async fn start<T, F>(company: Duration, open: F) -> Result<(Self, T), StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<(Connection, T), StoreError> + Send + 'static,
    {
        let (messages, queue) = mpsc::channel();
        let (alive_tx, alive) = watch::channel(());
        let (opened_tx, opened) = oneshot::channel();
        let thread = thread::Builder::new().name("mqtt-agent-tasks".to_owned()).spawn(move || {
            // Dropped last, also in a panic: who waits for it may open the file again.
            let _alive = alive_tx;
            let (connection, result) = match open() {
                Ok((connection, more)) => (Some(connection), Ok(more)),
                Err(error) => (None, Err(error)),
            };
            let wanted = opened_tx.send(result).is_ok();
            if let (Some(connection), true) = (connection, wanted) {
                work(&connection, &queue, company);
            }
        });
        if let Err(error) = thread {
            return Err(StoreError::Unavailable { reason: format!("its thread did not start: {error}") });
        }
        match opened.await {
            Ok(Ok(more)) => Ok((Self { messages, places: Arc::new(Semaphore::new(QUEUE)), alive }, more)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(StoreError::Unavailable { reason: "its thread ended while it opened".to_owned() }),
        }
    }

    /// Runs `work` on the file in a transaction, and gives what it gave once that is committed. It may run more than
    /// once; only the last time counts.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.answered(work, Message::Run).await
    }

    /// The same for work that nobody is held up by: it waits for the transaction of another, for a while.
    pub(super) async fn run_idle<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.answered(work, Message::RunIdle).await
    }

    async fn answered<T, F>(&self, work: F, message: fn(Waits) -> Message) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Failure::Ended)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work { work, result: None, reply });
        self.messages.send(message(Waits { job, _place: place })).map_err(|_| Failure::Ended)?;
        answer.await.unwrap_or(Err(Failure::Ended))
    }

    /// Ends the thread after what was queued, and waits for that.
    pub(super) async fn stop(&self) {
        // Behind those that wait for a place.
        let _place = self.places.acquire().await;
        // An error says that it has ended.
        let _ = self.messages.send(Message::Stop);
        while self.alive.clone().changed().await.is_ok() {}
    }
}

/// Something to do with the file, whatever it gives.
trait Job: Send {
    /// Does it, and keeps what it gave; whether that is no error.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells who asked what it gave when it ran last, or the error that took that away.
    fn answer(self: Box<Self>, error: Option<rusqlite::Error>);
}

struct Work<T, F> {
    work: F,
    result: Option<rusqlite::Result<T>>,
    reply: oneshot::Sender<Result<T, Failure>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: Fn(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let result = (self.work)(connection);
        let good = result.is_ok();
        self.result = Some(result);
        good
    }

    fn answer(self: Box<Self>, error: Option<rusqlite::Error>) {
        let answer = match (error, self.result) {
            // Its own error says more than that there was no transaction any more after it.
            (_, Some(Err(error))) | (Some(error), _) => Err(Failure::File(error)),
            (None, Some(Ok(value))) => Ok(value),
            (None, None) => Err(Failure::Ended),
        };
        // An error says that nobody waits for it any more.
        let _ = self.reply.send(answer);
    }
}

fn work(connection: &Connection, queue: &mpsc::Receiver<Message>, company: Duration) {
    let mut idle = Idle { jobs: Vec::new(), until: None, company };
    let mut ends = false;
    while !ends {
        let (mut jobs, first) = (Vec::new(), idle.next(queue));
        // Those who are about to ask for more go first: one sync for all. Where nobody else wants to run it returns at once.
        if first.is_ok() {
            thread::yield_now();
        }
        let mut next = match first {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::Stop),
        };
        while let Some(message) = next {
            match message {
                Message::Run(waits) => jobs.push(waits),
                Message::RunIdle(waits) => idle.add(waits),
                // What is in the queue is still done.
                Message::Stop => ends = true,
            }
            next = if jobs.len() < BATCH || ends { queue.try_recv().ok() } else { None };
        }
        if ends || !jobs.is_empty() || idle.is_due() {
            jobs.append(&mut idle.take());
            run_all(connection, jobs.into_iter().map(|waits| waits.job).collect());
        }
    }
}

/// Jobs that wait for the transaction of others.
struct Idle {
    jobs: Vec<Waits>,
    /// When they wait no longer.
    until: Option<Instant>,
    company: Duration,
}

impl Idle {
    fn add(&mut self, waits: Waits) {
        self.until.get_or_insert_with(|| Instant::now() + self.company);
        self.jobs.push(waits);
    }

    /// The next message, or the end of the wait.
    fn next(&self, queue: &mpsc::Receiver<Message>) -> Result<Message, RecvTimeoutError> {
        match self.until {
            Some(until) => queue.recv_timeout(until.saturating_duration_since(Instant::now())),
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn is_due(&self) -> bool {
        self.jobs.len() >= BATCH || self.until.is_some_and(|until| until <= Instant::now())
    }

    fn take(&mut self) -> Vec<Waits> {
        self.until = None;
        std::mem::take(&mut self.jobs)
    }
}

fn run_all(connection: &Connection, mut jobs: Vec<Box<dyn Job>>) {
    match try_all(connection, &mut jobs) {
        Ok(()) => {
            for job in jobs {
                job.answer(None);
            }
        }
        // Nothing of them happened, perhaps because of one: a full disk has no room for a large record, and has it for
        // the others. So each gets a transaction of its own.
        Err(_) if jobs.len() > 1 => {
            for job in jobs {
                run_all(connection, vec![job]);
            }
        }
        Err(error) => {
            if let Some(job) = jobs.pop() {
                job.answer(error);
            }
        }
    }
}

/// All of them in one transaction, or none; `Err(None)` where one of them failed and says why itself.
fn try_all(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), Option<rusqlite::Error>> {
    if jobs.is_empty() {
        return Ok(());
    }
    execute(connection, "BEGIN IMMEDIATE")?;
    // What ends the transaction itself ends it for all. No savepoints: they would cost each job what its rows cost, and a job hardly ever fails.
    let ended = match jobs.iter_mut().all(|job| job.run(connection) && !connection.is_autocommit()) {
        true => execute(connection, "COMMIT"),
        false => Err(None),
    };
    // Some errors end the transaction themselves.
    if ended.is_err() && !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    ended
}

fn execute(connection: &Connection, statement: &str) -> Result<(), Option<rusqlite::Error>> {
    let done = connection.prepare_cached(statement).and_then(|mut statement| statement.execute(()));
    done.map(drop).map_err(Some)
}
