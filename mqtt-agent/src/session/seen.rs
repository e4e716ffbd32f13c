//! Whether a tool has an online server: looked up when a call was not answered, for the error's text.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long a look-up may take.
pub(crate) const LOOK: Duration = Duration::from_millis(300);

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
    /// Whether a server of the tool is online, as this look finds out; `None` where that can't be known, or another look is
    /// under way.
    pub(crate) async fn is_online(
        &self,
        tool: &Arc<str>,
        look: impl Future<Output = Option<bool>>,
    ) -> Option<bool> {
        let mut last = self.0.try_lock().ok()?;
        if let Some(last) = last.as_ref().filter(|last| last.tool == *tool && last.at.elapsed() < FRESH) {
            return last.online;
        }
        let online = timeout(LOOK, look).await.ok().flatten();
        *last = Some(Last { tool: Arc::clone(tool), at: Instant::now(), online });
        online
    }
}
