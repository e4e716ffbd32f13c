//! [`FromToolResult`]: the types that a call's result can be read as.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A type that the result of a call can be read as: every type that is `Deserialize`, and [`Content`](crate::Content).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a call",
    label = "needs `Deserialize`",
    note = "derive `serde::Deserialize` for it, or take `mqtt_agent::Content`"
)]
pub trait FromToolResult: Sized {
    /// Whether the call asks for content (`MCP-21`).
    #[doc(hidden)]
    const CONTENT: bool = false;

    /// Reads the result.
    #[doc(hidden)]
    fn from_received(received: Received) -> Result<Self, Unfit>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromToolResult for T {
    fn from_received(received: Received) -> Result<Self, Unfit> {
        if let Some(error) = received.bytes.unasked() {
            return Err(error);
        }
        serde_json::from_str(received.result.get()).map_err(Unfit::Value)
    }
}

/// The result of a call, as received.
#[doc(hidden)]
#[derive(Debug)]
pub struct Received {
    pub(crate) result: Box<RawValue>,
    /// The content blocks beside it, where there are any.
    pub(crate) content: Option<Box<RawValue>>,
    /// What came in chunks and is no JSON.
    pub(crate) bytes: Apart,
}

/// The bytes of a content block that were sent separately, in chunks (`MCP-22`).
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Apart(pub(crate) Option<(Bytes, String)>);

impl Apart {
    fn unasked(&self) -> Option<Unfit> {
        let (_, media_type) = self.0.as_ref()?;
        Some(Unfit::Content(format!(
            "the result is bytes of `{media_type}`, which this call did not ask for"
        )))
    }
}

/// Why a result does not fit the caller's type.
#[doc(hidden)]
#[derive(Debug)]
pub enum Unfit {
    /// The value is of another type.
    Value(serde_json::Error),
    /// The content can't be read.
    Content(String),
}
