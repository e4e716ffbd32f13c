//! Whether somebody serves a tool: looked up when a call of it was not answered, for the error's text.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::client::Core;
use crate::mcp::discover::find;
use crate::wire::{ServerCard, Status, ToolCard};

/// How long a look-up may take.
const LOOK: Duration = Duration::from_millis(300);

/// How long what was seen is told again: a thousand calls that time out make one look-up.
const FRESH: Duration = Duration::from_secs(5);

/// The last look-up of a connection.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Option<Last>>);

#[derive(Debug)]
struct Last {
    tool: Arc<str>,
    at: Instant,
    online: Option<bool>,
}

impl Seen {
    /// Whether a server of the tool is online; `None` where that can't be known, or another look-up is under way.
    pub(super) async fn is_online(&self, core: &Core, tool: &Arc<str>) -> Option<bool> {
        let mut last = self.0.try_lock().ok()?;
        if let Some(last) = last.as_ref().filter(|last| last.tool == *tool && last.at.elapsed() < FRESH) {
            return last.online;
        }
        let online = timeout(LOOK, look(core, tool)).await.ok().flatten();
        *last = Some(Last { tool: Arc::clone(tool), at: Instant::now(), online });
        online
    }
}

async fn look(core: &Core, tool: &str) -> Option<bool> {
    let until = Instant::now() + LOOK / 2;
    let Some(card) = find::<ToolCard>(core, tool, until).await.ok()? else { return Some(false) };
    if card.status != Status::Online {
        return Some(false);
    }
    // The tool's card stays online after a crash, its server's doesn't.
    let server = find::<ServerCard>(core, &card.server, until + LOOK / 2).await.ok().flatten();
    Some(server.is_none_or(|server| server.status == Status::Online))
}
