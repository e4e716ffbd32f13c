//! The connection against a broker that lacks, refuses, delays and breaks things, through the public interface.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod fake;
