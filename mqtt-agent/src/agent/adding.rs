//! [`Adding`]: the requirements for tools that are added while an agent runs.

use crate::schema::dialect::Dialect;

/// What those from the start had to meet.
#[derive(Debug)]
pub(super) struct Adding {
    pub(super) dialects: Vec<Dialect>,
    pub(super) replicas: bool,
    pub(super) max_packet_size: u32,
}
