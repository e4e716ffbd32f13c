//! The size of a value, for the limit of steps.

use serde_json::Value;

use super::number::length;

/// Bytes of text that are compared, counted or hashed in one step.
pub(super) const BYTES_IN_A_STEP: usize = 64;

/// How much there is in a value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    /// The value and those in it.
    pub(super) values: u64,
    /// Of texts and names.
    pub(super) bytes: u64,
}

impl Size {
    pub(super) fn of(value: &Value) -> Self {
        let mut size = Self::default();
        size.add(value);
        size
    }

    fn add(&mut self, value: &Value) {
        self.values = self.values.saturating_add(1);
        match value {
            Value::String(text) => self.add_bytes(text.len()),
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                self.add_bytes(name.len());
                self.add(member);
            }),
            Value::Number(number) => self.add_bytes(length(number)),
            _ => {}
        }
    }

    fn add_bytes(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// What it takes to look at all of it.
    pub(super) fn steps(self) -> usize {
        let values = usize::try_from(self.values).unwrap_or(usize::MAX);
        values.saturating_add(usize::try_from(self.bytes).unwrap_or(usize::MAX) / BYTES_IN_A_STEP)
    }
}
