//! The types of a topic's placeholders.

use std::fmt::Display;
use std::str::FromStr;

/// A type that can be the parameter of a placeholder: every type that is [`FromStr`]. `&str` works as well.
///
/// A message whose topic has a level that can't be read is logged and dropped; a request is answered with
/// `invalid_arguments`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a placeholder of a topic",
    label = "not read from a level of the topic",
    note = "implement `std::str::FromStr` for it, with an error that is `Display`, or take a `String` or `&str`"
)]
pub trait FromTopicLevel: Sized {
    /// Parses a level.
    #[doc(hidden)]
    fn read(text: &str) -> Result<Self, String>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: Display>> FromTopicLevel for T {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}
