//! Tasks that outlive processes: agents that are killed, brokers that restart, agents that are away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod away;
#[cfg(feature = "peers")]
mod clock;
mod crash_loops;
mod delegator;
mod killed;
mod pages;
mod process;
mod replicas;
mod restarts;
mod stops;
