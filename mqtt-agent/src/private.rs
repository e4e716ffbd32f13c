//! What generated code names. No part of the public interface: it changes with any release.

use std::future::Future;

pub use inventory;
pub use serde_json;

pub use crate::param::{AnyRoot, Call, Param, RootOf, assert_argument, assert_given, assert_lent};
pub use crate::registry::{
    ArgDef, Bound, Bounds, Handler, Location, Refused, RegisteredTool, ToolDef, ToolFuture,
};
pub use crate::reply::{Answer, PlainReply, ReplyOf};

/// Puts a handler's future and the conversion of its reply into one.
///
/// The conversion is a function pointer and no bound, so that a wrong reply is reported once, at the return type.
pub fn run<'a, F>(handler: F, answer: fn(F::Output) -> Answer) -> ToolFuture<'a>
where
    F: Future + Send + 'a,
{
    Box::pin(async move { answer(handler.await) })
}
