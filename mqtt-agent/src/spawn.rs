//! Spawns tokio tasks, each with an owner: a [`TaskTracker`] that waits for it, or a handle that aborts it.
//!
//! All futures are boxed. For each type of spawned future, tokio generates more than a hundred functions, which every
//! debug build of a user links. The extra allocation costs little compared with the task's own.

use std::future::Future;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// Spawns what a tracker owns.
pub(crate) fn tracked(tasks: &TaskTracker, future: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(future.boxed());
}

/// The same from outside of a runtime.
pub(crate) fn tracked_on(
    tasks: &TaskTracker,
    future: impl Future<Output = ()> + Send + 'static,
    runtime: &Handle,
) {
    tasks.spawn_on(future.boxed(), runtime);
}

/// Spawns what ends with its handle.
pub(crate) fn owned(future: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(future.boxed()))
}
