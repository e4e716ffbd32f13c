//! The command as a process: what it prints, its exit codes, and what Ctrl-C does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod asking;
mod bridging;
mod calling;
mod command;
mod expose;
mod failing;
mod finding;
mod guide;
mod host;
mod hostile;
mod http;
mod served;
mod web;
