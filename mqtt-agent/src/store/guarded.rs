//! [`Guarded`]: a wrapper around a user's store, which may panic or stall. Both become errors.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::time::timeout;

use super::{Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};
use crate::deadline::Lasting;
use crate::measure;

/// How long an operation may take.
const STALLED: Duration = Duration::from_secs(30);

/// A store whose operations end: with what they give, or with an error after 30 s, or when they panic.
#[derive(Debug)]
pub(crate) struct Guarded {
    store: Arc<dyn TaskStore>,
    durable: bool,
    stalled: Duration,
}

impl Guarded {
    pub(crate) fn around(store: impl TaskStore) -> Arc<dyn TaskStore> {
        // Asked once, where a panic of it reaches the program that gives the store.
        let durable = store.is_durable();
        Arc::new(Self { store: Arc::new(store), durable, stalled: STALLED })
    }

    /// `operation` is called within: it may panic before it gives a future.
    fn run<'a, T: Send + 'a>(
        &'a self,
        what: &'static str,
        operation: impl FnOnce(&'a dyn TaskStore) -> StoreFuture<'a, T> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let unavailable = |reason| StoreError::Unavailable { reason };
            let operation = AssertUnwindSafe(async { operation(&*self.store).await }).catch_unwind();
            let began = Instant::now();
            let outcome = match timeout(self.stalled, operation).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_panic)) => Err(unavailable(format!("its `{what}` panicked"))),
                Err(_) => {
                    Err(unavailable(format!("its `{what}` took longer than {}", Lasting(self.stalled))))
                }
            };
            measure::stored(what, outcome.is_ok(), began.elapsed());
            outcome
        })
    }
}

impl TaskStore for Guarded {
    fn is_durable(&self) -> bool {
        self.durable
    }

    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        self.run("insert", move |store| store.insert(side, record))
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        self.run("get", move |store| store.get(side, task_id))
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        self.run("update", move |store| store.update(side, record))
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        self.run("open", move |store| store.open(side, after, limit))
    }

    fn of_sender<'a>(
        &'a self,
        side: TaskSide,
        from: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        self.run("of_sender", move |store| store.of_sender(side, from, after, limit))
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        self.run("prune", move |store| store.prune(retention))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// Panics before it gives a future, panics while it is polled, or never ends.
    #[derive(Debug)]
    struct Unwell;

    impl TaskStore for Unwell {
        fn insert(&self, _: TaskSide, _: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
            panic!("at once")
        }

        fn get<'a>(&'a self, _: TaskSide, _: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
            Box::pin(async { panic!("later") })
        }

        fn update(&self, _: TaskSide, _: TaskRecord) -> StoreFuture<'_, bool> {
            Box::pin(std::future::pending())
        }

        fn open<'a>(&'a self, _: TaskSide, _: Option<&'a str>, _: usize) -> StoreFuture<'a, Vec<TaskRecord>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn prune<'a>(&'a self, _: &'a Retention) -> StoreFuture<'a, usize> {
            panic!("at once")
        }
    }

    fn record() -> TaskRecord {
        let task =
            serde_json::from_value(serde_json::json!({"task_id": "t", "from": "me", "status": "submitted"}))
                .unwrap();
        TaskRecord::new(task)
    }

    #[tokio::test]
    async fn a_store_that_panics_or_stalls_fails() {
        let store = Guarded { store: Arc::new(Unwell), durable: true, stalled: Duration::from_millis(20) };
        let side = TaskSide::Executor;
        let failures = [
            store.insert(side, record()).await.unwrap_err(),
            store.get(side, "t").await.unwrap_err(),
            store.update(side, record()).await.unwrap_err(),
            store.prune(&Retention::default()).await.unwrap_err(),
        ];
        let told = failures.map(|error| error.to_string());
        for (told, why) in
            told.iter().zip(["`insert` panicked", "`get` panicked", "longer than 20 ms", "`prune` panicked"])
        {
            assert!(told.contains(why), "{told}");
        }
        assert!(store.open(side, None, 1).await.unwrap().is_empty());
    }
}
