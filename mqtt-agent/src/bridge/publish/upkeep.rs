//! Keeps a published server running, and the served tools equal to its list.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Line};
use super::shelf::{Filled, Shelf};
use super::source::McpServer;
use crate::shown::shown;

/// The wait before a server is started again, which doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest wait.
const LONGEST_WAIT: Duration = if cfg!(test) { FIRST_WAIT } else { Duration::from_secs(30) };

/// The longest wait where the broker is at fault. Each try may cost connections, and with them the calls of other tools.
const LONGEST_FOR_BROKER: Duration = Duration::from_secs(300);

/// How long a server has to run for its next wait to be short again. One that has answered a call is sound as well.
const SOUND: Duration = Duration::from_secs(10);

/// How long changes of the list are waited for, so that several are one.
const SETTLE: Duration = Duration::from_millis(100);

/// How a connection ended.
enum End {
    Stopped,
    Lost(String),
}

pub(super) async fn run(
    mut shelf: Shelf,
    server: McpServer,
    first: Connection,
    lines: watch::Sender<Option<Line>>,
    stopped: CancellationToken,
) {
    let (mut connection, mut wait) = (first, FIRST_WAIT);
    let mut is_whole = true;
    loop {
        let since = Instant::now();
        match serve(&mut shelf, &mut connection, is_whole, &stopped).await {
            End::Stopped => {
                // Calls that run have their grace while the server is still there.
                shelf.stop().await;
                lines.send_replace(None);
                connection.end().await;
                return;
            }
            End::Lost(reason) => {
                lines.send_replace(None);
                // Beside each other: neither has to wait for the broker or for the processes.
                tokio::join!(shelf.clear(reason), connection.end());
            }
        }
        let has_answered = shelf.calls.answered.swap(false, Ordering::Relaxed);
        if has_answered || since.elapsed() >= SOUND {
            wait = FIRST_WAIT;
        }
        (connection, is_whole) = loop {
            let opened = tokio::select! {
                opened = again(&server, &mut shelf, &lines, wait) => opened,
                () = stopped.cancelled() => {
                    shelf.stop().await;
                    return;
                }
            };
            wait = (wait * 2).min(LONGEST_WAIT);
            if let Some(opened) = opened {
                break opened;
            }
        };
    }
}

/// Starts the server again, and its tools with it; `false` where not all of them could be served yet.
async fn again(
    server: &McpServer,
    shelf: &mut Shelf,
    lines: &watch::Sender<Option<Line>>,
    wait: Duration,
) -> Option<(Connection, bool)> {
    sleep(wait).await;
    let connection = match Connection::open(server).await {
        Ok(connection) => connection,
        Err(error) => {
            shelf.clear(error.to_string()).await;
            return None;
        }
    };
    // Before the cards: a host that sees one may call at once.
    lines.send_replace(Some(connection.line().clone()));
    match connection.line().tools().await {
        Ok(tools) => {
            let filled = shelf.fill(tools).await;
            Some((connection, is_whole(&filled)))
        }
        Err(error) => {
            lines.send_replace(None);
            connection.end().await;
            shelf.clear(error.to_string()).await;
            None
        }
    }
}

/// Follows the server's list, until the server is gone. A list that is not served as a whole is tried again.
async fn serve(
    shelf: &mut Shelf,
    connection: &mut Connection,
    mut is_served: bool,
    stopped: &CancellationToken,
) -> End {
    let line = connection.line().clone();
    // One for all tries: it counts the pings without an answer.
    let mut lost = pin!(connection.lost());
    let (mut wait, mut longest) = (FIRST_WAIT, LONGEST_FOR_BROKER);
    loop {
        let again = async {
            sleep(wait).await;
            shelf.connected().await;
        };
        tokio::select! {
            () = stopped.cancelled() => return End::Stopped,
            reason = &mut lost => return End::Lost(reason),
            () = line.lanes.changed.notified() => sleep(SETTLE).await,
            () = again, if !is_served => wait = (wait * 2).min(longest),
        }
        let listed = tokio::select! {
            () = stopped.cancelled() => return End::Stopped,
            reason = &mut lost => return End::Lost(reason),
            listed = line.tools() => listed,
        };
        (is_served, longest) = match listed {
            // Not beside the server's end: what is dropped halfway may have added tools that the shelf does not know.
            Ok(tools) => tokio::select! {
                () = stopped.cancelled() => return End::Stopped,
                filled = shelf.fill(tools) => (is_whole(&filled), LONGEST_FOR_BROKER),
            },
            Err(error) => {
                crate::log::warn!(error = %shown(&error.to_string()), "failed to list the tools of a server; it is tried again");
                (false, LONGEST_WAIT)
            }
        };
        wait = if is_served { FIRST_WAIT } else { wait.min(longest) };
    }
}

/// Whether nothing has to be tried again.
fn is_whole(filled: &Filled) -> bool {
    let Filled::Partly(error) = filled else { return true };
    crate::log::warn!(error = %shown(&error.to_string()), "failed to publish the tools of a server; it is tried again");
    false
}
