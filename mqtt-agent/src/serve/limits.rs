//! How much an agent takes on at once.

use std::time::Duration;

use super::admission::Capacity;

/// How much an agent takes on at once. Give it to [`Agent::limits`](crate::Agent::limits).
///
/// Up to `concurrency` handlers run, those of one tool up to its own `#[tool(concurrency = ..)]`; up to `queue` further
/// calls of at most `queue_bytes` wait for their turn, and any beyond that are answered `unavailable` with code `busy` at
/// once. Requests on topics of one's own are counted by the same numbers, apart from calls. Tasks have numbers of their own.
///
/// Callers are told apart by where their answers go, and take turns: who has the fewest calls running is next. One of them
/// has at most seven times of what is free of each number, which is seven eighths where it is alone, so that its slow calls
/// leave places for others. Of seven places and fewer it has all.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Handlers that run at once, over all tools. Default: 256.
    pub concurrency: usize,
    /// Calls that wait for their turn, over all tools. Default: 1,024.
    pub queue: usize,
    /// How many bytes of calls are taken that have neither run nor an answer yet, over all tools: those that wait, and those
    /// that are being read.
    /// One call is taken however large it is. Arguments count as they lie in memory, where a list of empty lists takes some
    /// twenty times its text. Default: 128 MiB.
    pub queue_bytes: usize,
    /// How long a handler may run where its tool says nothing. Default: 60 s.
    pub timeout: Duration,
    /// How many finished calls of one tool are remembered, to answer a redelivered one again (`MCP-16`). Default: 1,024.
    pub remembered_calls: usize,
    /// How many bytes of answers of one tool are remembered for that, with what calls are told apart by. Default: 4 MiB.
    pub remembered_bytes: usize,
    /// Tasks that are worked on at once, over all skills. Default: 64.
    pub tasks: usize,
    /// Tasks that are in hand, those that wait for their turn included; more are rejected with code `busy`.
    /// Default: 10,000.
    pub task_queue: usize,
    /// How many bytes of tasks wait for their turn, as they lie in memory, over all skills; more are rejected with code `busy`. One task
    /// is taken however large it is, and so is what a durable store has at the start. Default: 256 MiB.
    pub task_queue_bytes: usize,
    /// How long one attempt at a task may take where its skill says nothing. Default: 1 h.
    pub task_timeout: Duration,
    /// How long running calls and tasks are waited for when the agent stops. Default: 10 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 256,
            queue: 1024,
            queue_bytes: 128 << 20,
            timeout: Duration::from_secs(60),
            remembered_calls: 1024,
            remembered_bytes: 4 << 20,
            tasks: 64,
            task_queue: 10_000,
            task_queue_bytes: 256 << 20,
            task_timeout: Duration::from_secs(3600),
            grace: Duration::from_secs(10),
        }
    }
}

/// Calls and requests that may be in hand beside those that run or wait: those being read, and those being answered.
const READING: usize = 256;

impl Limits {
    /// What is taken of calls, and of requests.
    pub(crate) fn call_capacity(&self) -> Capacity {
        let in_hand = self.concurrency.saturating_add(self.queue).saturating_add(READING);
        Capacity { running: self.concurrency, waiting: self.queue, in_hand, bytes: self.queue_bytes }
    }

    /// What is taken of tasks. Those in hand wait or run: they are stored, so none is turned away later.
    pub(crate) fn task_capacity(&self) -> Capacity {
        let Self { tasks, task_queue, task_queue_bytes, .. } = *self;
        Capacity { running: tasks, waiting: usize::MAX, in_hand: task_queue, bytes: task_queue_bytes }
    }

    /// Sets [`concurrency`](Self::concurrency).
    #[must_use]
    pub fn with_concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Sets [`queue`](Self::queue).
    #[must_use]
    pub fn with_queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// Sets [`queue_bytes`](Self::queue_bytes).
    #[must_use]
    pub fn with_queue_bytes(mut self, bytes: usize) -> Self {
        self.queue_bytes = bytes;
        self
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`remembered_calls`](Self::remembered_calls).
    #[must_use]
    pub fn with_remembered_calls(mut self, calls: usize) -> Self {
        self.remembered_calls = calls;
        self
    }

    /// Sets [`remembered_bytes`](Self::remembered_bytes).
    #[must_use]
    pub fn with_remembered_bytes(mut self, bytes: usize) -> Self {
        self.remembered_bytes = bytes;
        self
    }

    /// Sets [`tasks`](Self::tasks).
    #[must_use]
    pub fn with_tasks(mut self, tasks: usize) -> Self {
        self.tasks = tasks;
        self
    }

    /// Sets [`task_queue`](Self::task_queue).
    #[must_use]
    pub fn with_task_queue(mut self, tasks: usize) -> Self {
        self.task_queue = tasks;
        self
    }

    /// Sets [`task_queue_bytes`](Self::task_queue_bytes).
    #[must_use]
    pub fn with_task_queue_bytes(mut self, bytes: usize) -> Self {
        self.task_queue_bytes = bytes;
        self
    }

    /// Sets [`task_timeout`](Self::task_timeout).
    #[must_use]
    pub fn with_task_timeout(mut self, timeout: Duration) -> Self {
        self.task_timeout = timeout;
        self
    }

    /// Sets [`grace`](Self::grace).
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}
