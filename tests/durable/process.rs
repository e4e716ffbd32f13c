//! The worker as a process of its own.

use std::path::Path;
use std::process::Stdio;

use support::soon;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The worker's process, with its files in this folder.
pub(crate) fn worker(url: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_durable-worker"));
    command.arg(url).arg(folder.join("tasks.db")).arg(folder.join("runs"));
    command.stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// Starts it, and waits until it serves.
pub(crate) async fn serving(mut worker: Command) -> Child {
    let mut child = worker.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = soon(lines.next_line()).await.unwrap();
    assert_eq!(ready.as_deref(), Some("ready"));
    child
}

/// What its handlers began with, one line each.
pub(crate) fn runs(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("runs")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
