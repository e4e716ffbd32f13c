//! Looks up whether a tool has a server, when a call of it was not answered.

use tokio::time::Instant;

use crate::mcp::discover::find;
use crate::session::{LOOK, Session};
use crate::wire::{ServerCard, Status, ToolCard};

/// Whether a server of the tool is online; `None` where that can't be known.
pub(super) async fn look(session: &Session, tool: &str) -> Option<bool> {
    let until = Instant::now() + LOOK / 2;
    let Some(card) = find::<ToolCard>(session, tool, until).await.ok()? else { return Some(false) };
    if card.status != Status::Online {
        return Some(false);
    }
    // The tool's card stays online after a crash, its server's doesn't.
    let server = find::<ServerCard>(session, &card.server, until + LOOK / 2).await.ok().flatten();
    Some(server.is_none_or(|server| server.status == Status::Online))
}
