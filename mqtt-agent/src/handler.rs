//! Handlers: users' functions, their parameters and results, and how they run.
//!
//! - [`param`], [`reply`]: the types of parameters and results
//! - [`content`]: a reply with content beyond JSON
//! - [`registry`]: the definitions that the macros generate
//! - [`context`], [`partials`]: what the runtime provides
//! - [`run`]: running a handler once; [`refusal`]: errors of the runtime
//! - [`layer`]: the layers around a handler

pub(crate) mod content;
pub mod context;
pub mod layer;
pub mod param;
pub(crate) mod partials;
pub(crate) mod refusal;
pub mod registry;
pub mod reply;
pub(crate) mod run;
