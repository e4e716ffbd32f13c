//! Support for code of `#[derive(ToolError)]`. Not part of the public API: it may change in any release.
//!
//! - `data`: a variant's fields as JSON and back, if their types support serde.
//! - `within`: an error inside another error.
//! - `said`: the log text of an internal variant.

mod data;
mod said;
mod within;

pub use data::{AnyError, AnyField, Codec, Data, ErrorOf, FieldOf, Fields};
pub use said::{Said, SaidByBox, SaidByDebug, SaidByDisplay, SaidByError, SaidNothing, Saying, internal};
pub use within::Within;

use std::fmt::{Debug, Display};
use std::time::{Duration, SystemTime};

use super::ErrorCode;
pub use super::error::{failure, later};
use super::failure::INTERNAL;

/// The message of an internal error.
#[must_use]
pub fn internal_message() -> String {
    INTERNAL.to_owned()
}

/// The codes of a type and of the errors inside it, without duplicates.
#[must_use]
pub fn codes(own: &[ErrorCode], within: &[fn() -> Vec<ErrorCode>]) -> Vec<ErrorCode> {
    let mut codes: Vec<ErrorCode> = Vec::new();
    let all = own.iter().copied().chain(within.iter().flat_map(|codes| codes()));
    for code in all {
        match codes.iter_mut().find(|known| known.code == code.code) {
            Some(known) => known.retry |= code.retry,
            None => codes.push(code),
        }
    }
    codes
}

/// The message of a variant without one.
#[diagnostic::on_unimplemented(
    message = "an error without a message, and `{Self}` has no `Display` to take it from",
    label = "what does the caller read? write `#[tool_error(\"..\")]`, or derive `thiserror::Error`"
)]
pub trait MessageOrDisplay {
    /// Its text.
    fn shown(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> MessageOrDisplay for T {
    fn shown(&self) -> String {
        self.to_string()
    }
}

/// `{0}` in a message.
#[diagnostic::on_unimplemented(
    message = "the message prints `{Self}`, which has no `Display`",
    label = "write `{{..:?}}` for its `Debug` form, or implement `std::fmt::Display`"
)]
pub trait ForPeople {
    /// What is printed.
    fn printed(&self) -> &dyn Display;
}

#[diagnostic::do_not_recommend]
impl<T: Display> ForPeople for T {
    fn printed(&self) -> &dyn Display {
        self
    }
}

/// `{0:?}` in a message.
#[diagnostic::on_unimplemented(
    message = "the message prints `{Self}`, which has no `Debug`",
    label = "derive `Debug` for it, or leave `:?` out"
)]
pub trait ForProgrammers {
    /// What is printed.
    fn printed(&self) -> &dyn Debug;
}

#[diagnostic::do_not_recommend]
impl<T: Debug> ForProgrammers for T {
    fn printed(&self) -> &dyn Debug {
        self
    }
}

/// The types of a `retry_after` field.
#[diagnostic::on_unimplemented(
    message = "`retry_after` cannot be taken from a `{Self}`",
    label = "says no span of time",
    note = "a `Duration`, an `Option<Duration>` or a `SystemTime` does"
)]
pub trait RetryAfter {
    /// The time from now.
    fn retry_after(&self) -> Option<Duration>;
}

#[diagnostic::do_not_recommend]
impl RetryAfter for Duration {
    fn retry_after(&self) -> Option<Duration> {
        Some(*self)
    }
}

#[diagnostic::do_not_recommend]
impl RetryAfter for Option<Duration> {
    fn retry_after(&self) -> Option<Duration> {
        *self
    }
}

#[diagnostic::do_not_recommend]
impl RetryAfter for SystemTime {
    fn retry_after(&self) -> Option<Duration> {
        // A time that has passed: at once.
        Some(self.duration_since(SystemTime::now()).unwrap_or_default())
    }
}
