//! What an error that is kept from the caller tells the log: as much as its type can say.

use std::error::Error;
use std::fmt::{Debug, Display};

use crate::causes::chain;
use crate::handler::reply::Failure;

/// What a value says of itself.
#[derive(Debug)]
pub enum Saying {
    /// It is an error: its text, and that of each of its sources.
    Chain(String),
    /// A text for people.
    Text(String),
    /// A text for programmers.
    Debug(String),
    /// Nothing.
    Nothing,
}

/// Asks a value, by `(&&&&&Said(value)).said()`: the compiler takes the first of the traits below that the type goes
/// with, for each stands one reference further away.
#[derive(Debug)]
pub struct Said<'a, T: ?Sized>(pub &'a T);

/// First: an error.
pub trait SaidByError {
    /// What it says.
    fn said(&self) -> Saying;
}

impl<T: Error> SaidByError for &&&&Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Chain(chain(self.0))
    }
}

/// Second: a box around one, as `anyhow::Error` is.
pub trait SaidByBox {
    /// What it says.
    fn said(&self) -> Saying;
}

impl<T: AsRef<dyn Error + Send + Sync>> SaidByBox for &&&Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Chain(chain(self.0.as_ref()))
    }
}

/// Third: a text.
pub trait SaidByDisplay {
    /// What it says.
    fn said(&self) -> Saying;
}

impl<T: Display> SaidByDisplay for &&Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Text(self.0.to_string())
    }
}

/// Fourth: what can at least be printed.
pub trait SaidByDebug {
    /// What it says.
    fn said(&self) -> Saying;
}

impl<T: Debug> SaidByDebug for &Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Debug(format!("{:?}", self.0))
    }
}

/// Last: all else.
pub trait SaidNothing {
    /// What it says.
    fn said(&self) -> Saying;
}

impl<T> SaidNothing for Said<'_, T> {
    fn said(&self) -> Saying {
        Saying::Nothing
    }
}

/// A failure for the log alone. `name` is the variant's, `message` its own message, `whole` what the value as a whole
/// says, `fields` what its fields say.
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
