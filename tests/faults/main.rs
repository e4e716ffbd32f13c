//! What breaks beside and below the framework, operation by operation: a table of operations and faults, each cell with
//! the test that shows what happens then, or why it can't happen. `table` prints it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod again;
mod agent_store;
mod calls;
mod common;
mod far_store;
mod reading_store;
mod soak;
mod stores;
mod table;
mod tasks;
mod telling;
mod watches;
