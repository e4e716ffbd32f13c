//! The A2A profile: agents that find each other and delegate tasks.
//!
//! - [`Task`] is what the handler of a `#[skill]` holds; [`NewTask`], [`TaskHandle`] and [`Results`] are the other side,
//!   made by [`Client::delegate`](crate::Client::delegate), [`Client::request`](crate::Client::request) and
//!   [`Client::results`](crate::Client::results).
//! - [`ListAgents`] and [`AgentChanges`] say who is there: [`Client::agents`](crate::Client::agents).
//! - [`TaskStore`] keeps tasks.
//!
//! Cards, tasks and results as data are in [`wire`](crate::wire).

#[cfg(feature = "a2a-types")]
mod card;
mod delegate;
mod discover;
mod presence;
mod serve;
mod task;

pub use crate::session::DelegateError;
pub use crate::store::{MemoryStore, Retention, StoreError, StoreFuture, TaskRecord, TaskSide, TaskStore};
#[cfg(feature = "sqlite")]
pub use crate::store::{SetAside, SqliteStore};
#[cfg(feature = "a2a-types")]
pub use card::BINDING;
pub use delegate::{Delegate, NewTask, Results, TaskHandle, TaskRequest, TaskUpdate};
pub use discover::{AgentChange, AgentChanges, FindAgent, ListAgents};
pub(crate) use presence::Presence;
pub(crate) use serve::{Parts, ReadySkill, Skills};
pub use task::{Task, TaskUpdateError};
