//! The thread that owns the file. It does not know tasks: it runs all waiting jobs in one transaction, and answers when
//! the transaction is committed.

use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};

use super::failure::Failure;
use crate::store::StoreError;

/// How many operations wait before those who ask for more wait themselves.
const QUEUE: usize = 1024;
/// How many share a transaction. More would gain little, and the first of them would wait for the last.
const BATCH: usize = 256;

/// What reaches the worker. Cheap to clone; it ends with the last clone.
#[derive(Clone)]
pub(super) struct Worker {
    messages: mpsc::Sender<Message>,
    /// Closed when the file is.
    alive: watch::Receiver<()>,
}

enum Message {
    Run(Box<dyn Job>),
    Stop,
}

impl Worker {
    /// Starts the thread, which opens the file first; gives what the opening gave beside it.
    pub(super) async fn start<T, F>(open: F) -> Result<(Self, T), StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<(Connection, T), StoreError> + Send + 'static,
    {
        let (messages, queue) = mpsc::channel(QUEUE);
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
                work(connection, queue);
            }
        });
        if let Err(error) = thread {
            return Err(StoreError::Unavailable { reason: format!("its thread did not start: {error}") });
        }
        match opened.await {
            Ok(Ok(more)) => Ok((Self { messages, alive }, more)),
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
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Work { work, result: None, reply });
        self.messages.send(Message::Run(job)).await.map_err(|_| Failure::Ended)?;
        answer.await.unwrap_or(Err(Failure::Ended))
    }

    /// Ends the thread after what was queued, and waits for that.
    pub(super) async fn stop(&self) {
        // An error says that it has ended.
        let _ = self.messages.send(Message::Stop).await;
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

fn work(mut connection: Connection, mut queue: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(BATCH);
    while queue.blocking_recv_many(&mut messages, BATCH) > 0 {
        let mut jobs = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Run(job) => jobs.push(job),
                // What is in the queue is still done.
                Message::Stop => queue.close(),
            }
        }
        run_all(&mut connection, jobs);
    }
}

fn run_all(connection: &mut Connection, mut jobs: Vec<Box<dyn Job>>) {
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
                job.answer(Some(error));
            }
        }
    }
}

/// All of them in one transaction, where one that fails leaves no trace; or none.
fn try_all(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let [job] = jobs {
        return if job.run(&transaction) { transaction.commit() } else { transaction.rollback() };
    }
    for job in jobs {
        let mut savepoint = transaction.savepoint()?;
        if job.run(&savepoint) {
            savepoint.commit()?;
        } else {
            // Some errors end the whole transaction; then there is nothing to return to, and this fails.
            savepoint.rollback()?;
            savepoint.commit()?;
        }
    }
    transaction.commit()
}
