//! How much an agent takes on at once.

use std::time::Duration;

/// How much an agent takes on at once. Give it to [`Agent::limits`](crate::Agent::limits).
///
/// Up to `concurrency` handlers run, those of one tool up to its own `#[tool(concurrency = ..)]`; up to `queue` further
/// calls wait for their turn, and any beyond that are answered `unavailable` with code `busy` at once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Handlers that run at once, over all tools. Default: 256.
    pub concurrency: usize,
    /// Calls that wait for their turn, over all tools. Default: 1,024.
    pub queue: usize,
    /// How long a handler may run where its tool says nothing. Default: 60 s.
    pub timeout: Duration,
    /// How many finished calls of one tool are remembered, to answer a redelivered one again (`MCP-16`). Default: 1,024.
    pub remembered_calls: usize,
    /// How many bytes of answers of one tool are remembered for that. Default: 4 MiB.
    pub remembered_bytes: usize,
    /// How long running calls are waited for when the agent stops. Default: 10 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 256,
            queue: 1024,
            timeout: Duration::from_secs(60),
            remembered_calls: 1024,
            remembered_bytes: 4 << 20,
            grace: Duration::from_secs(10),
        }
    }
}

impl Limits {
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

    /// Sets [`grace`](Self::grace).
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}
