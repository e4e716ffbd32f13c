//! Answering a request on its Response Topic.

use std::time::Instant;

use crate::handler::run::Outcome;
use crate::link::Message;
use crate::serve::ReplyTo;
use crate::wire::{Identifier, Response};

/// The value's own JSON, or the error response of the MCP profile with the user property `status: error`.
pub(super) fn answer(reply_to: &ReplyTo, call_id: &Identifier, outcome: Outcome, until: Instant) -> Message {
    match outcome {
        Ok(value) => reply_to.message_until(String::from(Box::<str>::from(value)), until),
        Err(error) => {
            let response = Response { call_id: call_id.clone(), outcome: Err(error), elapsed_ms: None };
            reply_to.message_until(response.to_bytes(), until).with_user("status", "error")
        }
    }
}
