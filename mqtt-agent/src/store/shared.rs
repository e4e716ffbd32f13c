//! Implements [`TaskStore`] for an `Arc` of a store.

use std::sync::Arc;

use super::{Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};

impl<S: TaskStore + ?Sized> TaskStore for Arc<S> {
    fn is_durable(&self) -> bool {
        S::is_durable(self)
    }

    fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
        S::insert(self, side, record)
    }

    fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
        S::get(self, side, task_id)
    }

    fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
        S::update(self, side, record)
    }

    fn open<'a>(
        &'a self,
        side: TaskSide,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        S::open(self, side, after, limit)
    }

    fn of_sender<'a>(
        &'a self,
        side: TaskSide,
        from: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreFuture<'a, Vec<TaskRecord>> {
        S::of_sender(self, side, from, after, limit)
    }

    fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
        S::prune(self, retention)
    }
}
