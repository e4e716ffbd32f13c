//! What the code of `#[derive(ToolError)]` calls. No part of the public interface: it changes with any release.
//!
//! - `data`: a variant's fields as JSON and back, where serde knows their types.
//! - `within`: an error in another.
//! - `said`: what a variant that is kept from the caller tells the log.

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

/// What a caller reads where it may read nothing.
#[must_use]
pub fn internal_message() -> String {
    INTERNAL.to_owned()
}

/// A type's own codes, and those of the errors in it; each once.
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

/// The message of a variant that has none of its own.
#[diagnostic::on_unimplemented(
    message = "an error without a message, and `{Self}` has no `Display` to take it from",
    label = "what does the caller read? write `#[tool_error(\"..\")]`, or derive `thiserror::Error`"
)]
pub trait Shown {
    /// Its text.
    fn shown(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> Shown for T {
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

/// What a field can be that says when to try again.
#[diagnostic::on_unimplemented(
    message = "`retry_after` cannot be taken from a `{Self}`",
    label = "says no span of time",
    note = "a `Duration`, an `Option<Duration>` or a `SystemTime` does"
)]
pub trait RetryAfter {
    /// How long from now.
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
