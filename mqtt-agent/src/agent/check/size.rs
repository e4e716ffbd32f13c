//! Checks the sizes of the Will and the cards. A broker would close the connection on a message that is too large, at
//! each attempt, so the sizes are checked before connecting.

use serde::Serialize;

use super::Checked;
use crate::a2a::Presence;
use crate::error::Problem;
use crate::json;
use crate::link::Message;
use crate::mcp::ServedTool;
use crate::wire::ToolCard;

/// The maximum size of a Will's topic and of its payload: MQTT has a length of two bytes for each.
const WILL: usize = u16::MAX as usize;

/// The maximum overhead of a packet: headers and properties, and 128 bytes for what a broker adds to them.
const AROUND: usize = 256;

/// Finds messages that are too large to publish, or for a peer with the same settings to receive.
pub(super) fn check(checked: &Checked, max_packet_size: u32, problems: &mut Vec<Problem>) {
    let will = match &checked.presence {
        Some(presence) => Some(presence.status_offline()),
        None => checked.serves_tools.then(|| checked.cards.will()),
    };
    if let Some(will) = will
        && (will.topic.len() > WILL || will.payload.len() > WILL)
    {
        problems.push(Problem::new(format!(
            "the Will has a topic of {} bytes and a payload of {} bytes, and MQTT allows {WILL} for each; shorten the \
             namespace",
            will.topic.len(),
            will.payload.len(),
        )));
    }
    let limit = usize::try_from(max_packet_size).unwrap_or(usize::MAX);
    for (ready, card) in checked.tools.iter().zip(checked.cards.tools()) {
        tool_card(&ready.tool, &checked.cards.tool_topic(card), card, limit, problems);
    }
    if checked.serves_tools {
        server_card(&checked.cards.server_online(), limit, problems);
    }
    if let Some(card) = checked.presence.as_ref().map(Presence::card_online) {
        let size = size(&card.topic, card.payload.len());
        if size > limit {
            let skills = checked.skills.len();
            let plural = if skills == 1 { "" } else { "s" };
            problems.push(Problem::new(format!(
                "the agent's card describes {skills} skill{plural} and takes {size} bytes, and `max_packet_size` is \
                 {limit}; shorten descriptions and schemas, or raise `max_packet_size` here and at the agent's peers",
            )));
        }
    }
}

/// Finds a tool's card that is too large.
pub(in crate::agent) fn tool_card(
    tool: &ServedTool,
    topic: &str,
    card: &ToolCard,
    limit: usize,
    problems: &mut Vec<Problem>,
) {
    let size = size(topic, json_size(card));
    if size > limit {
        let message = format!(
            "its card takes {size} bytes and `max_packet_size` is {limit}; shorten its descriptions and schemas, or \
             raise `max_packet_size` here and at its callers"
        );
        problems.push(super::about_served(tool, &message));
    }
}

/// Finds a server's card that is too large, for it names all tools.
pub(in crate::agent) fn server_card(card: &Message, limit: usize, problems: &mut Vec<Problem>) {
    let size = size(&card.topic, card.payload.len());
    if size > limit {
        problems.push(Problem::new(format!(
            "the server's card names all tools and takes {size} bytes, and `max_packet_size` is {limit}; serve them by \
             several agents, or raise `max_packet_size` here and at the callers",
        )));
    }
}

fn size(topic: &str, payload: usize) -> usize {
    topic.len().saturating_add(payload).saturating_add(AROUND)
}

/// The length of a card in bytes; 0 if it cannot be serialized.
fn json_size(card: &impl Serialize) -> usize {
    json::size(card).unwrap_or(0)
}
