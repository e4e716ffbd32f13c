//! Collects the arguments of a call of a `#[remote]` trait's method.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::handler::param::Args;
use crate::json;

/// Arguments of a call. For generated code.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct RemoteArguments(pub(super) Written);

/// The serialized arguments, or the first error.
#[derive(Debug, Clone)]
pub(super) enum Written {
    Object(Map<String, Value>),
    Failed(String),
}

impl Default for Written {
    fn default() -> Self {
        Self::Object(Map::new())
    }
}

impl Serialize for Written {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(object) => object.serialize(serializer),
            Self::Failed(message) => Err(serde::ser::Error::custom(message)),
        }
    }
}

/// [`Sent::add`]. A function and no bound, so that rustc reports what cannot be sent at the user's type.
type Add<T> = fn(&T, &'static str, &mut Map<String, Value>) -> Result<(), String>;

impl RemoteArguments {
    /// Adds an argument.
    #[must_use]
    pub fn with<T>(mut self, name: &'static str, argument: &T, add: Add<T>) -> Self {
        if let Written::Object(object) = &mut self.0
            && let Err(error) = add(argument, name, object)
        {
            self.0 = Written::Failed(format!("`{name}`: {error}"));
        }
        self
    }
}

/// A type that can be sent as an argument: every type that is `Serialize`, and [`Args`] of such a type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as an argument",
    label = "needs `Serialize`",
    note = "derive `serde::Serialize` for it; if the agent gives it, write `#[arg(given)]` before the parameter"
)]
pub trait Sent {
    /// Adds it to the arguments of a call.
    #[doc(hidden)]
    fn add(&self, name: &'static str, arguments: &mut Map<String, Value>) -> Result<(), String>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Sent for T {
    fn add(&self, name: &'static str, arguments: &mut Map<String, Value>) -> Result<(), String> {
        let value = json::to_value(self).map_err(|error| error.to_string())?;
        // What is nothing is left out, as an optional argument is.
        if !value.is_null() {
            arguments.insert(name.to_owned(), value);
        }
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Sent for Args<T> {
    fn add(&self, _: &'static str, arguments: &mut Map<String, Value>) -> Result<(), String> {
        match json::to_value(&self.0).map_err(|error| error.to_string())? {
            Value::Object(object) => {
                arguments.extend(object);
                Ok(())
            }
            _ => Err("the arguments of a tool are a JSON object; give a struct with named fields".to_owned()),
        }
    }
}
