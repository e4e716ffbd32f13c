//! The A2A profile: agents that find each other and delegate tasks.

pub(crate) mod store;
mod task;

#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{MemoryStore, Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};
pub use task::Task;
