#![doc = include_str!("../../docs/parameters.md")]
// How one parameter of a handler is filled is here; the schema that the parameters add up to is made in `schema`.

mod kind;
mod lasting;
mod level;
mod missing;
mod provided;
mod shape;
mod tuple;
mod whole;

use std::any::TypeId;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::handler::context::{Context, Delivery, Instance};
use crate::shown::{debug_as_display, quoting};
pub(crate) use missing::Missing;
pub(crate) use whole::with_integers;

#[doc(hidden)]
pub use kind::{AnyKind, Kind, KindOf};
#[doc(hidden)]
pub use lasting::LastingParam;
pub use level::FromTopicLevel;
pub use shape::Borrowed;
#[doc(hidden)]
pub use shape::{AnyRoot, BorrowedParam, Root, RootOf};

/// A type that can be a parameter of a handler.
///
/// Implemented for every type that is `serde::de::DeserializeOwned` and [`JsonSchema`] (an argument of the caller), and
/// for the types that the agent supplies. Implement it for your own type to get data from the [`Context`]; such a type
/// must not be `Deserialize` as well. For a reference, `impl<'a> Param<'a> for &'a T`, also implement [`Borrowed`] for `T`.
///
/// ```
/// use mqtt_agent::param::{ArgumentError, Call, Need, Param};
///
/// struct Tenant(String);
///
/// impl<'a> Param<'a> for Tenant {
///     const NEED: Need = Need::Nothing;
///     fn take(call: &mut Call<'a>, _name: &'static str) -> Result<Self, ArgumentError> {
///         Ok(Tenant(call.context().caller().claim().to_owned()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a tool, a skill or a topic handler",
    label = "neither an argument, which needs `Deserialize` and `JsonSchema`, nor given by the agent",
    note = "for a type of your own derive `serde::Deserialize` and `schemars::JsonSchema`; for one of `chrono`, `jiff`, `uuid`, `url` or `rust_decimal` add the feature of `mqtt-agent` with that name, for one of another crate see `mqtt_agent::guide::types`; for a value of the agent write `State<T>` with a `T` that is `Clone + Send + Sync`, or `State<Arc<T>>`; for the connection write `cx: &Context`, which has `cx.client()`"
)]
pub trait Param<'a>: Sized {
    /// What the parameter needs. The agent checks it before any call.
    const NEED: Need;

    /// Takes the value from the call. `name` is the parameter's name on the wire.
    fn take(call: &mut Call<'a>, name: &'static str) -> Result<Self, ArgumentError>;
}

/// What a parameter needs; see [`Param::NEED`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Need {
    /// Nothing but the [`Context`].
    Nothing,
    /// An argument of the caller, which is a property of the input schema.
    Argument {
        /// The schema of the value.
        schema: fn(&mut SchemaGenerator) -> Schema,
        /// Whether the caller may omit it; determined by serde, so an alias of `Option` counts.
        optional: fn() -> bool,
    },
    /// All arguments at once: the value's schema is the input schema.
    Arguments {
        /// Describes the value.
        schema: fn(&mut SchemaGenerator) -> Schema,
    },
    /// A value of the agent's state, given with [`Agent::state`](crate::Agent::state).
    State {
        /// Its type.
        type_id: fn() -> TypeId,
        /// Its type's name, for messages.
        type_name: fn() -> &'static str,
    },
    /// The current task (skills only).
    Task,
    /// The raw payload of a message (topic handlers only).
    Payload,
    /// A sender of partial results.
    Partials {
        /// The schema of a partial result.
        schema: fn(&mut SchemaGenerator) -> Schema,
    },
}

/// A call before its handler runs: the arguments that are not taken yet, and the [`Context`].
#[derive(Debug)]
pub struct Call<'a> {
    arguments: Map<String, Value>,
    context: &'a Context,
    errors: Vec<ArgumentError>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(arguments: Map<String, Value>, context: &'a Context) -> Self {
        Self { arguments, context, errors: Vec::new() }
    }

    /// The context of the call.
    #[must_use]
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Takes the argument `name`, if the caller gave it.
    pub fn argument(&mut self, name: &str) -> Option<Value> {
        self.arguments.remove(name)
    }

    /// Fills one parameter; an error is collected, so that one answer lists all errors. For generated code.
    #[doc(hidden)]
    pub fn take<T>(
        &mut self,
        take: fn(&mut Self, &'static str) -> Result<T, ArgumentError>,
        name: &'static str,
    ) -> Option<T> {
        take(self, name).map_err(|error| self.errors.push(error)).ok()
    }

    /// The value of a topic's placeholder, as the user's type. For generated code.
    #[doc(hidden)]
    pub fn level<T>(&mut self, read: fn(&str) -> Result<T, String>, name: &'static str) -> Option<T> {
        let text = self.level_text(name)?;
        let value = read(text);
        value.map_err(|message| self.refuse(name, format!("{text:?}: {message}"))).ok()
    }

    /// The value of a topic's placeholder. For generated code.
    #[doc(hidden)]
    pub fn level_text(&mut self, name: &'static str) -> Option<&'a str> {
        let context = self.context;
        let text = context.slot::<Delivery>().and_then(|delivery| delivery.level(name));
        if text.is_none() {
            self.refuse(name, "the topic has no such level".to_owned());
        }
        text
    }

    /// The value whose method handles the call. For generated code.
    #[doc(hidden)]
    pub fn instance<T: 'static>(&mut self) -> Option<&'a T> {
        let context: &'a Context = self.context;
        let instance = context.state::<Instance<T>>().map(|instance| &instance.0);
        if instance.is_none() {
            self.errors.push(ArgumentError::new(
                "",
                "the agent lacks the value that this handler belongs to; report it to its operator",
            ));
        }
        instance
    }

    fn refuse(&mut self, name: &str, message: String) {
        self.errors.push(ArgumentError::new(format!("/{name}"), message));
    }

    pub(crate) fn into_errors(self) -> Vec<ArgumentError> {
        self.errors
    }
}

/// Why one argument was refused. Sent to the caller as part of `invalid_arguments`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.pointer), message = quoting(.message))]
pub struct ArgumentError {
    pointer: String,
    message: String,
    too_complex: bool,
}

debug_as_display!(ArgumentError);

/// Where it is; nothing of the arguments as a whole.
fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!("`{}`: ", quoting(pointer)) }
}

impl ArgumentError {
    /// An error at a JSON pointer into the arguments, such as `/days`; `message` says what is expected.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), too_complex: false }
    }

    /// Checking the arguments would take too long (`MCP-8a`).
    pub(crate) fn too_complex() -> Self {
        let message =
            "the arguments are too complex to be checked; send fewer values, or less deeply nested ones";
        Self { pointer: String::new(), message: message.to_owned(), too_complex: true }
    }

    pub(crate) fn is_too_complex(&self) -> bool {
        self.too_complex
    }

    /// The JSON pointer into the arguments.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What was expected.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: DeserializeOwned + JsonSchema> Param<'a> for T {
    const NEED: Need =
        Need::Argument { schema: |generator| generator.subschema_for::<T>(), optional: is_optional::<T> };

    fn take(call: &mut Call<'a>, name: &'static str) -> Result<Self, ArgumentError> {
        let value = match call.argument(name) {
            Some(value) => read::<T>(value).map_err(|error| error.to_string()),
            None => T::deserialize(Missing).map_err(|error| error.to_string()),
        };
        value.map_err(|message| ArgumentError::new(format!("/{name}"), message))
    }
}

/// Deserializes a value; accepts `30.0` for an integer, as the schema does (`MCP-8`).
fn read<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    match with_integers(&value) {
        None => T::deserialize(value),
        Some(whole) => T::deserialize(value).or_else(|_| T::deserialize(whole)),
    }
}

fn is_optional<T: DeserializeOwned>() -> bool {
    T::deserialize(Missing).is_ok()
}

/// All arguments of a call as one struct.
///
/// The type's schema is the input schema, so it must be a struct with named fields. The schema is checked before the
/// agent connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Args<T>(pub T);

#[diagnostic::do_not_recommend]
impl<'a, T: DeserializeOwned + JsonSchema> Param<'a> for Args<T> {
    const NEED: Need = Need::Arguments { schema: |generator| generator.subschema_for::<T>() };

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        let arguments = std::mem::take(&mut call.arguments);
        read::<T>(Value::Object(arguments))
            .map(Args)
            .map_err(|error| ArgumentError::new("", error.to_string()))
    }
}

/// A value of the agent's state: a database, a client, a clock.
///
/// It is given once with [`Agent::state`](crate::Agent::state), and cloned for each call: wrap values that are
/// expensive to clone in an `Arc`. If a handler's state is missing, the agent refuses to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State<T>(pub T);

#[diagnostic::do_not_recommend]
impl<'a, T: Clone + Send + Sync + 'static> Param<'a> for State<T> {
    const NEED: Need = Need::State { type_id: TypeId::of::<T>, type_name: std::any::type_name::<T> };

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        let state = call.context.state::<T>().cloned().map(State);
        state.ok_or_else(|| {
            ArgumentError::new("", "the agent lacks a state that this tool needs; report it to its operator")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_all_arguments_is_told_without_an_empty_pointer() {
        let told = |pointer| ArgumentError::new(pointer, "expected an object, got 1").to_string();
        assert_eq!(told("/page/limit"), "`/page/limit`: expected an object, got 1");
        assert_eq!(told(""), "expected an object, got 1");
    }
}
