//! The A2A profile: agents that find each other and delegate tasks.

pub(crate) mod store;
mod task;

pub use store::{Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};
pub use task::Task;
