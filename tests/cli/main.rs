//! The command as a process: what it prints, its exit codes, and what Ctrl-C does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agents;
mod asking;
mod baker;
mod benching;
mod bridging;
mod calling;
mod command;
mod completing;
mod contexts;
mod contracts;
mod developing;
mod expose;
mod failing;
mod finding;
mod guide;
mod host;
mod host_handles;
mod host_restart;
mod host_tasks;
mod hostile;
mod http;
#[cfg(unix)]
mod http_server;
mod interrupting;
mod naming;
mod oauth;
#[cfg(unix)]
mod published;
#[cfg(unix)]
mod publishing;
#[cfg(unix)]
mod publishing_again;
mod requesting;
mod served;
mod servers;
mod store;
mod tasks;
mod telling;
mod tokens;
mod watching;
mod web;
mod why;
