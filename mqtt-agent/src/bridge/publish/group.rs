//! [`Group`]: the process group of one server, which is ended as a whole.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::source::ServerCommand;

/// How long a server has to end after its stdin was closed. A supervisor takes up to twice [`supervisor::PATIENCE`] of it.
///
/// [`supervisor::PATIENCE`]: super::supervisor::PATIENCE
const PATIENCE: Duration = Duration::from_secs(6);

/// A server's processes. Dropping it kills all of them.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    /// The group's id; `None` where all of them are gone for sure.
    id: Option<u32>,
}

impl Group {
    /// Starts a server, with the pipes to it.
    pub(super) fn start(server: &ServerCommand) -> io::Result<(Self, ChildStdout, ChildStdin)> {
        let (program, arguments) = server.line();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MQTT_AGENT_") {
                command.env_remove(name);
            }
        }
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let id = child.id();
        let pipes = (child.stdout.take(), child.stdin.take());
        let group = Self { child, id };
        match pipes {
            (Some(stdout), Some(stdin)) => Ok((group, stdout, stdin)),
            _ => Err(io::Error::other("the server has no stdin or no stdout")),
        }
    }

    /// Waits until the first of them has ended, and ends the others. Cancel safe.
    pub(super) async fn ended(&mut self) -> String {
        let status = self.child.wait().await;
        self.kill();
        match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Ends all of them, whose stdin was closed: with patience, and after that by force.
    pub(super) async fn end(mut self) {
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            crate::log::warn!("failed to end a server in time; it was killed");
        }
        self.kill();
        // Nobody else takes its exit code.
        drop(timeout(PATIENCE, self.child.wait()).await);
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.id.take().and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(id)
        {
            // None of them is there any more where this fails.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(not(unix))]
        if self.id.take().is_some() {
            drop(self.child.start_kill());
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
