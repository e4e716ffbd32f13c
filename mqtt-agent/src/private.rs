//! The items that generated code uses. Not part of the public API: they may change in any release.

use std::marker::PhantomData;

use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

pub use inventory;
pub use mqtt_agent_macros::test_without_broker;

pub use crate::agent::Agent;

pub use crate::agent::{
    AgentCard, AgentImpl, AgentPart, CardOf, ListsPart, NoCard, OnlyOneAgentBlockIsWithoutPart, Shareable,
    check_id, id_of,
};
pub use crate::client::Client;
pub use crate::contract::{check as check_contract, check_schema as check_published_schema, tool_of};
pub use crate::handler::layer::{SharedLayer, layer};
pub use crate::handler::param::{
    AnyKind, AnyRoot, BorrowedParam, Call, FromTopicLevel, KindOf, LastingParam, Param, RootOf,
};
pub use crate::handler::registry::{
    AgentDef, ArgDef, BlockDef, Bound, Bounds, CardDef, EventDef, Handler, HandlerDef, HandlerKind, Location,
    OnCrash, PlaceholderDef, PublishedArgument, Refused, RegisteredAgent, RegisteredEvent, RegisteredHandler,
    RegisteredSkill, RegisteredTool, SkillDef, ToolDef, TopicDef, check_given, check_message, check_narrowed,
    check_parameter, check_published, check_skill_parameter, first_paragraph, trimmed,
};
pub use crate::handler::reply::{
    Answer, CodesOf, Described, ErrorCode, Failure, FromToolError, Output, Parts, PlainReply, Reply, ReplyOf,
    ToolError, ToolFuture, answer, derived, run,
};
pub use crate::remote::{RemoteArguments, RemoteCall, RemoteReply, Sent};
#[cfg(feature = "broker")]
pub use crate::testing;
pub use crate::topic::{Ask, Asking, Draft, EventError, EventPayload, IsSet, Publishing, Set, Unset};
pub use serde_json::value::RawValue;

/// The description of a handler's reply. The compiler finds it, so no code is generated for it.
#[track_caller]
#[allow(clippy::needless_pass_by_value)]
pub const fn schema<R, T, E>(
    _: Parts<R, T, E>,
    described: Described<T>,
) -> fn(&mut SchemaGenerator) -> Schema {
    assert!(
        described.content.is_empty(),
        "only a tool can answer with `Content`; answer with a value, or send a task's artifacts"
    );
    described.schema
}

/// The same for a tool's reply, which may have content.
#[allow(clippy::needless_pass_by_value)]
pub const fn output<R, T, E>(_: Parts<R, T, E>, described: Described<T>) -> Output {
    Output { schema: described.schema, content: described.content }
}

/// Describes the reply of a handler without a waiting caller.
#[must_use]
pub fn unanswered(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<()>()
}

/// The return types of an `#[on]` handler.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot be the reply of an `#[on]` handler",
    label = "nobody receives it",
    note = "return nothing or `Result<(), E>`; to answer a message write `#[request]` instead of `#[on]`"
)]
pub trait Unanswered: Sized {
    /// Nothing.
    fn into_answer(self) -> Answer;
}

#[diagnostic::do_not_recommend]
impl Unanswered for () {
    fn into_answer(self) -> Answer {
        Reply::into_answer(())
    }
}

/// The codes of a handler's errors. Compiled once for each error type, not for each handler.
#[allow(clippy::needless_pass_by_value)]
pub const fn codes<R, T, E>(_: Parts<R, T, E>, codes: fn(PhantomData<E>) -> Vec<ErrorCode>) -> CodesOf<E> {
    CodesOf::new(codes)
}

/// The types of defaults and examples. The schema shows them, so they are written as JSON.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot be the default or the example of an argument",
    label = "is shown in the schema, so it needs `Serialize`",
    note = "derive `serde::Serialize` for the type"
)]
pub trait Written: Sized {
    /// As the schema shows it.
    fn written(self) -> serde_json::Result<Value>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Written for T {
    fn written(self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

/// The types that can have a text as default or example.
#[diagnostic::on_unimplemented(
    message = "a text cannot be the default or the example of a `{Self}`",
    label = "expected a value of type `{Self}`"
)]
pub trait Worded {
    /// The text as a value of the type.
    fn worded(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: From<&'static str>> Worded for T {
    fn worded(text: &'static str) -> Self {
        text.into()
    }
}
