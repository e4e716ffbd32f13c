//! A parameter with `#[arg(duration = "..")]`: a duration that is a text on the wire.

use std::time::Duration;

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::{ArgumentError, Call, Need};
use crate::duration::{DurationField, Format};

/// Reads and writes a duration parameter. For generated code; the compiler reports other types at the parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no duration",
    label = "not `std::time::Duration`, nor an `Option` of it",
    note = "take a `std::time::Duration`, or leave out `#[arg(duration = ..)]`; for a type of `jiff` add the feature `jiff`"
)]
pub trait LastingParam: Sized {
    /// As `1m30s`.
    const NEED_TEXT: Need;
    /// Of ISO 8601.
    const NEED_ISO8601: Need;

    /// Takes it out of a call.
    fn take_text(call: &mut Call<'_>, name: &'static str) -> Result<Self, ArgumentError>;
    /// Takes it out of a call.
    fn take_iso8601(call: &mut Call<'_>, name: &'static str) -> Result<Self, ArgumentError>;

    /// Adds it to the arguments of a call.
    fn add_text(&self, name: &'static str, arguments: &mut Map<String, Value>) -> Result<(), String>;
    /// Adds it to the arguments of a call.
    fn add_iso8601(&self, name: &'static str, arguments: &mut Map<String, Value>) -> Result<(), String>;

    /// As the schema shows it.
    fn written_text(self) -> serde_json::Result<Value>;
    /// As the schema shows it.
    fn written_iso8601(self) -> serde_json::Result<Value>;
}

fn take<T: DurationField>(
    call: &mut Call<'_>,
    name: &'static str,
    format: Format,
) -> Result<T, ArgumentError> {
    let error = |message: String| ArgumentError::new(format!("/{name}"), message);
    let value = match call.argument(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(format.read(&text).map_err(error)?),
        Some(_) => return Err(error("expected a string".to_owned())),
    };
    T::of(value).ok_or_else(|| error("missing; give a value".to_owned()))
}

fn add<T: DurationField>(value: &T, name: &'static str, arguments: &mut Map<String, Value>, format: Format) {
    if let Some(duration) = value.get() {
        arguments.insert(name.to_owned(), Value::String(format.write(duration)));
    }
}

fn written<T: DurationField>(value: &T, format: Format) -> Value {
    value.get().map_or(Value::Null, |duration| Value::String(format.write(duration)))
}

fn text(_: &mut SchemaGenerator) -> Schema {
    Format::Text.schema()
}

fn iso8601(_: &mut SchemaGenerator) -> Schema {
    Format::Iso8601.schema()
}

macro_rules! lasting {
    ($ty:ty, $optional:literal) => {
        impl LastingParam for $ty {
            const NEED_TEXT: Need = Need::Argument { schema: text, optional: || $optional };
            const NEED_ISO8601: Need = Need::Argument { schema: iso8601, optional: || $optional };

            fn take_text(call: &mut Call<'_>, name: &'static str) -> Result<Self, ArgumentError> {
                take(call, name, Format::Text)
            }

            fn take_iso8601(call: &mut Call<'_>, name: &'static str) -> Result<Self, ArgumentError> {
                take(call, name, Format::Iso8601)
            }

            fn add_text(&self, name: &'static str, arguments: &mut Map<String, Value>) -> Result<(), String> {
                add(self, name, arguments, Format::Text);
                Ok(())
            }

            fn add_iso8601(
                &self,
                name: &'static str,
                arguments: &mut Map<String, Value>,
            ) -> Result<(), String> {
                add(self, name, arguments, Format::Iso8601);
                Ok(())
            }

            fn written_text(self) -> serde_json::Result<Value> {
                Ok(written(&self, Format::Text))
            }

            fn written_iso8601(self) -> serde_json::Result<Value> {
                Ok(written(&self, Format::Iso8601))
            }
        }
    };
}

lasting!(Duration, false);
lasting!(Option<Duration>, true);
