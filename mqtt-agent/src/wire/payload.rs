//! Writing a message whose size is about known.

use serde::Serialize;

/// The size of the small fields.
const SMALL: usize = 256;

/// The payload of strings, numbers and JSON that is one already: nothing that JSON cannot hold. `large` is about how many bytes
/// the large ones have, so that the text is not copied again and again as it grows.
pub(super) fn write(large: usize, message: &impl Serialize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(large.saturating_add(SMALL));
    match serde_json::to_writer(&mut payload, message) {
        Ok(()) => payload,
        Err(_) => Vec::new(),
    }
}
