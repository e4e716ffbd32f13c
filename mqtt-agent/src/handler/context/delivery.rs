//! The message that a topic handler was called for.

use bytes::Bytes;

use crate::handler::registry::TopicDef;

/// What a topic handler can know of its message beside the payload's value.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) template: TopicDef,
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) retained: bool,
    pub(crate) user: Vec<(String, String)>,
}

impl Delivery {
    /// What the placeholder `name` stands for.
    pub(crate) fn level(&self, name: &str) -> Option<&str> {
        self.template.value(&self.topic, name)
    }
}
