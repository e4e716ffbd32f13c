//! The limits of an agent.

use std::time::Duration;

use super::admission::Capacity;

/// The limits of an agent, for [`Agent::limits`](crate::Agent::limits).
///
/// Up to `concurrency` handlers run concurrently; a tool may have its own limit, `#[tool(concurrency = ..)]`. Up to
/// `queue` further calls with at most `queue_bytes` wait for their turn; any others are answered at once with
/// `unavailable` and the code `busy`. Requests on users' own topics have the same limits, counted separately. Tasks
/// have their own limits.
///
/// Callers are distinguished by their reply addresses, and take turns: the caller with the fewest running calls is
/// next. Of each limit, a caller can use at most seven times the free amount, which is 7/8 for a single caller, so that
/// slow calls leave room for others. A limit of seven or fewer can be used up by one caller.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// How many handlers run concurrently, over all tools. Default: 256.
    pub concurrency: usize,
    /// How many calls wait for their turn, over all tools. Default: 1,024.
    pub queue: usize,
    /// How many bytes of calls are accepted that are neither running nor answered yet, over all tools. A single call is
    /// accepted at any size. Arguments count by their size in memory, which may be about twenty times the size of their
    /// text. Default: 128 MiB.
    pub queue_bytes: usize,
    /// How long a handler may run, unless its tool sets a `timeout`. Default: 60 s.
    pub timeout: Duration,
    /// How many answers are stored for each tool, to answer redelivered calls (`MCP-16`). Default: 1,024.
    pub remembered_calls: usize,
    /// How many bytes of answers are stored for each tool, including keys. Default: 4 MiB.
    pub remembered_bytes: usize,
    /// How many tasks run concurrently, over all skills. Default: 64.
    pub tasks: usize,
    /// How many tasks are open, including waiting ones; further ones are rejected with the code `busy`. Default:
    /// 10,000.
    pub task_queue: usize,
    /// How many bytes of tasks wait for their turn, by their size in memory, over all skills; further tasks are
    /// rejected with the code `busy`. A single task is accepted at any size, and so are the tasks of a durable store at
    /// start. Default: 256 MiB.
    pub task_queue_bytes: usize,
    /// How long one attempt of a task may take, unless its skill sets a `timeout`. Default: 1 h.
    pub task_timeout: Duration,
    /// How long running calls and tasks may take to finish when the agent stops. Default: 10 s.
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

/// How many further calls and requests may be open: those being read, and those being answered.
const READING: usize = 256;

impl Limits {
    /// The capacity for calls, and for requests.
    pub(crate) fn call_capacity(&self) -> Capacity {
        let in_hand = self.concurrency.saturating_add(self.queue).saturating_add(READING);
        Capacity { running: self.concurrency, waiting: self.queue, in_hand, bytes: self.queue_bytes }
    }

    /// The capacity for tasks. Open tasks wait or run: they are stored, so none is rejected later.
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
