//! The A2A profile: agents find each other and delegate tasks.
//!
//! - [`Task`] is for the handler of a `#[skill]`; [`NewTask`], [`TaskHandle`] and [`Results`] are for the delegator:
//!   [`Client::delegate`](crate::Client::delegate), [`Client::request`](crate::Client::request),
//!   [`Client::results`](crate::Client::results).
//! - [`ListAgents`] and [`AgentChanges`] find agents: [`Client::agents`](crate::Client::agents).
//! - [`TaskStore`] stores tasks.
//!
//! The data types of cards, tasks and results are in [`wire`](crate::wire).

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
pub use delegate::{
    Attach, Delegate, FindTask, ListTasks, NewTask, Results, TaskHandle, TaskPage, TaskRequest, TaskUpdate,
};
pub use discover::{AgentChange, AgentChanges, FindAgent, ListAgents};
pub(crate) use presence::Presence;
pub(crate) use serve::{ReadySkill, SkillServer, SkillServerParts};
pub use task::{Task, TaskUpdateError};
