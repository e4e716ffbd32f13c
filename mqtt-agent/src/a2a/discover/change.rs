//! [`AgentChange`].

use crate::wire::AgentCard;

/// A change of an agent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AgentChange {
    /// It came online.
    Joined(AgentCard),
    /// Its card has changed.
    Changed(AgentCard),
    /// It has been offline for 300 ms, or its card was removed, or it no longer matches the filter.
    Left(String),
}
