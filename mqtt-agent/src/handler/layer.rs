#![doc = include_str!("../../docs/layers.md")]
// One call's way through its layers: `stack` drives it, `next` passes it on, `request` and `outcome` are what layers see.

mod audit;
mod by_key;
mod from_fn;
mod next;
mod outcome;
#[cfg(feature = "rate-limit")]
mod rate_limit;
mod request;
mod stack;
#[cfg(feature = "tower")]
mod tower;

pub use audit::AuditLog;
pub use by_key::ConcurrencyByKey;
pub use from_fn::{Check, FromFn, check, from_fn};
pub use next::{Layer, Next};
#[doc(hidden)]
pub use next::{SharedLayer, layer};
pub use outcome::{Outcome, Output, Refusal};
#[cfg(feature = "rate-limit")]
pub use rate_limit::RateLimit;
pub use request::{Kind, Request};
pub(crate) use stack::{AgentLayers, Layers};
#[cfg(feature = "tower")]
pub use tower::{FromTower, TowerNext, TowerRequest, from_tower};
