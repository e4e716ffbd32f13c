//! [`McpServer`]: where an MCP server is: a command that is one over stdin and stdout.

use std::ffi::OsString;
use std::fmt;

/// An MCP server whose tools are published: a command, which is started, ended and started again as needed.
#[derive(Clone)]
#[must_use = "it is given to a `Publisher`"]
pub struct McpServer {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) supervisor: Option<Vec<OsString>>,
}

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may hold keys.
        f.debug_struct("McpServer").field("program", &self.program).finish_non_exhaustive()
    }
}

impl McpServer {
    /// A command that is an MCP server over stdin and stdout: `McpServer::command("npx", ["some-server"])`.
    ///
    /// It runs in a process group of its own (Unix), in the current directory and with the environment of this process, without
    /// the variables `MQTT_AGENT_*`, which may hold the broker's password. What it writes to stderr goes to that of this process.
    pub fn command(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self { program: program.into(), arguments, supervisor: None }
    }

    /// Puts a process between this one and the server, which ends the server's process group when this process is gone, however
    /// that ended. `command` is what starts it; the server's command is appended. It calls [`supervise`](super::supervise) with
    /// what was appended: the command `mqtt-agent` has such a subcommand.
    ///
    /// Without a supervisor a server whose publisher is killed sees the end of its stdin, at which MCP servers end.
    pub fn supervised_by(mut self, command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.supervisor = Some(command.into_iter().map(Into::into).collect());
        self
    }

    /// The program, and all its arguments.
    pub(super) fn line(&self) -> (OsString, Vec<OsString>) {
        let mut words = self.supervisor.clone().unwrap_or_default();
        words.push(self.program.clone());
        words.extend(self.arguments.iter().cloned());
        let program = words.remove(0);
        (program, words)
    }
}
