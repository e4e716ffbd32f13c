//! Whether a tool has an online server, or an agent is online: looked up when a call or a task was not answered, for the
//! error's text.

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
    name: Arc<str>,
    at: Instant,
    online: Option<bool>,
}

impl Seen {
    /// Whether a server of the tool, or the agent, is online, as this look finds out; `None` where that can't be known, or
    /// another look is under way.
    pub(crate) async fn is_online(
        &self,
        name: &Arc<str>,
        look: impl Future<Output = Option<bool>>,
    ) -> Option<bool> {
        let mut last = self.0.try_lock().ok()?;
        if let Some(last) = last.as_ref().filter(|last| last.name == *name && last.at.elapsed() < FRESH) {
            return last.online;
        }
        let online = timeout(LOOK, look).await.ok().flatten();
        *last = Some(Last { name: Arc::clone(name), at: Instant::now(), online });
        online
    }
}
