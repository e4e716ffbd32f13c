//! The log text of an internal error, as far as its type can be printed.

use std::error::Error;
use std::fmt::{Debug, Display};

use crate::causes::chain;
use crate::handler::reply::Failure;

/// The text of a value.
#[derive(Debug)]
pub enum Saying {
    /// An error: its text, and that of each of its sources.
    Chain(String),
    /// A text for people.
    Text(String),
    /// A text for programmers.
    Debug(String),
    /// Nothing.
    Nothing,
}

/// Gets the text of a value by `(&&&&&Said(value)).said()`: the compiler picks the first of the traits below that the
/// type implements, because each needs one more dereference.
#[derive(Debug)]
pub struct Said<'a, T: ?Sized>(pub &'a T);

/// First: an error.
pub trait SaidByError {
    /// The text.
    fn said(&self) -> Saying;
}

impl<T: Error> SaidByError for &&&&Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Chain(chain(self.0))
    }
}

/// Second: a box around an error, such as `anyhow::Error`.
pub trait SaidByBox {
    /// The text.
    fn said(&self) -> Saying;
}

impl<T: AsRef<dyn Error + Send + Sync>> SaidByBox for &&&Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Chain(chain(self.0.as_ref()))
    }
}

/// Third: a text.
pub trait SaidByDisplay {
    /// The text.
    fn said(&self) -> Saying;
}

impl<T: Display> SaidByDisplay for &&Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Text(self.0.to_string())
    }
}

/// Fourth: a type with only `Debug`.
pub trait SaidByDebug {
    /// The text.
    fn said(&self) -> Saying;
}

impl<T: Debug> SaidByDebug for &Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Debug(format!("{:?}", self.0))
    }
}

/// Last: any other type.
pub trait SaidNothing {
    /// The text.
    fn said(&self) -> Saying;
}

impl<T> SaidNothing for Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Nothing
    }
}

/// An internal failure. `name` is the variant's name, `message` its own message, `whole` the text of the value,
/// `fields` the texts of its fields.
#[must_use]
pub fn internal(name: &str, message: Option<String>, whole: Saying, fields: &[(&str, Saying)]) -> Failure {
    let (mut text, bare) = match (message, whole) {
        (None, Saying::Chain(chain)) => return Failure::hidden(chain),
        (Some(text), _) | (None, Saying::Text(text)) => (text, false),
        (None, Saying::Debug(_) | Saying::Nothing) => (name.to_owned(), true),
    };
    for (name, said) in fields {
        match said {
            Saying::Chain(chain) => {
                text.push_str(": ");
                text.push_str(chain);
            }
            Saying::Text(value) | Saying::Debug(value) if bare => {
                text.push_str(&format!(", {name}: {value}"));
            }
            _ => {}
        }
    }
    Failure::hidden(text)
}
