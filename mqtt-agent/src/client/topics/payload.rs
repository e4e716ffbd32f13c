//! The payload of a message on a user's topic.

use bytes::Bytes;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::handler::context::Delivery;
use crate::handler::param::{ArgumentError, Call, Need, Param};
use crate::json;

/// A raw payload, for messages that are not JSON.
///
/// As a parameter of a topic handler it holds the received bytes. As the payload of an event it is sent as raw bytes,
/// without a content type.
///
/// ```
/// use mqtt_agent::prelude::*;
/// use mqtt_agent::topic::Payload;
///
/// #[on("camera/{id}/frame")]
/// fn frame(id: u32, Payload(jpeg): Payload) {
///     println!("camera {id}: {} bytes", jpeg.len());
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload(pub Bytes);

impl<T: Into<Bytes>> From<T> for Payload {
    fn from(bytes: T) -> Self {
        Self(bytes.into())
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for Payload {
    const NEED: Need = Need::Payload;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(Self(
            call.context().slot::<Delivery>().map(|delivery| delivery.payload.clone()).unwrap_or_default(),
        ))
    }
}

/// A serialized payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub(crate) bytes: Bytes,
    pub(crate) is_json: bool,
}

/// A type that can be the payload of an event: every type that is [`Serialize`] and [`JsonSchema`], as JSON, and
/// [`Payload`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a payload",
    label = "needs `Serialize` and `JsonSchema`",
    note = "for a type of your own write `#[derive(serde::Serialize, schemars::JsonSchema)]`; for one of `chrono`, `jiff`, `uuid`, `url` or `rust_decimal` add the feature of `mqtt-agent` with that name, for one of another crate see `mqtt_agent::guide::types`; send bytes as `mqtt_agent::topic::Payload`; before what the agent gives write `#[arg(given)]`"
)]
pub trait EventPayload {
    /// Serializes it.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    fn encode(&self) -> serde_json::Result<Encoded>;

    /// The schema of the payload.
    #[doc(hidden)]
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + ?Sized> EventPayload for T {
    fn encode(&self) -> serde_json::Result<Encoded> {
        Ok(Encoded { bytes: String::from(Box::<str>::from(json::to_raw(self)?)).into(), is_json: true })
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

#[diagnostic::do_not_recommend]
impl EventPayload for Payload {
    fn encode(&self) -> serde_json::Result<Encoded> {
        Ok(Encoded { bytes: self.0.clone(), is_json: false })
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        Schema::default()
    }
}
