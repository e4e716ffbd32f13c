//! The section `allocations` of the bench `peers`: how often a call allocates, on both sides.
//!
//! ```text
//! cargo bench -p mqtt-agent --bench allocations
//! ```
//!
//! A program of its own, for an allocator that counts takes time, which would be charged to those that allocate most.
//! The build directory is locked while a bench runs, so `peers` cannot have cargo run it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod bare;
mod broker;
mod callers;
mod contestant;
mod floor;
mod measure;
mod node;
mod options;
mod ours;
mod proc;
mod process;
mod roles;
mod sections;
mod table;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> std::process::ExitCode {
    sections::main(Some(|| {
        let stats = COUNTING.stats();
        u64::try_from(stats.allocations + stats.reallocations).unwrap_or(u64::MAX)
    }))
}
