//! Reading `max_message_bytes` (`SUB-14`).

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What is no number of bytes says nothing: a peer's mistake here makes nothing else of its message unreadable.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_u64())
}
