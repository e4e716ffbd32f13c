//! [`McpServer`]: how to reach an MCP server: a command that speaks MCP over stdin and stdout, or a URL.

use std::ffi::OsString;
use std::fmt;
#[cfg(feature = "mcp-publish-http")]
use std::{io, sync::Arc};

/// An MCP server whose tools are published: a command, which is started, stopped and restarted as needed, or the URL of
/// a running server.
#[derive(Clone)]
#[must_use = "it is given to a `Publisher`"]
pub struct McpServer(pub(super) Place);

#[derive(Clone)]
pub(super) enum Place {
    Command(ServerCommand),
    #[cfg(feature = "mcp-publish-http")]
    Http(HttpServer),
}

/// A command that is a server.
#[derive(Clone)]
pub(super) struct ServerCommand {
    pub(super) program: OsString,
    arguments: Vec<OsString>,
    supervisor: Option<Vec<OsString>>,
}

/// A server over HTTP.
#[cfg(feature = "mcp-publish-http")]
#[derive(Clone)]
pub(super) struct HttpServer {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) bearer: Option<Bearer>,
}

/// What gives the token of a connection.
#[cfg(feature = "mcp-publish-http")]
pub(super) type Bearer = Arc<dyn Fn() -> io::Result<String> + Send + Sync>;

impl fmt::Debug for McpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments, headers and URLs may hold keys.
        let mut shown = f.debug_struct("McpServer");
        match &self.0 {
            Place::Command(command) => shown.field("program", &command.program),
            #[cfg(feature = "mcp-publish-http")]
            Place::Http(_) => shown.field("transport", &"http"),
        };
        shown.finish_non_exhaustive()
    }
}

impl McpServer {
    /// A command that speaks MCP over stdin and stdout: `McpServer::command("npx", ["some-server"])`.
    ///
    /// The command runs in its own process group (Unix), in the current directory, with the environment of this process
    /// except the variables `MQTT_AGENT_*`, which may contain the broker's password. Its stderr is the stderr of this
    /// process.
    pub fn command(
        program: impl Into<OsString>,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        let arguments = arguments.into_iter().map(Into::into).collect();
        Self(Place::Command(ServerCommand { program: program.into(), arguments, supervisor: None }))
    }

    /// Starts the server through a supervisor process, which ends the server's process group when this process has
    /// ended, for whatever reason. `command` starts the supervisor, with the server's command appended. The supervisor
    /// has to call [`supervise`](super::supervise) with the appended part; the command `mqtt-agent` has such a
    /// subcommand.
    ///
    /// Without a supervisor, a server whose publisher is killed only sees the end of its stdin; MCP servers end at
    /// that. This option has no effect on a URL.
    pub fn supervised_by(mut self, command: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        #[cfg_attr(not(feature = "mcp-publish-http"), allow(irrefutable_let_patterns))]
        if let Place::Command(server) = &mut self.0 {
            server.supervisor = Some(command.into_iter().map(Into::into).collect());
        }
        self
    }

    /// A server over Streamable HTTP, by the URL of its MCP endpoint: `https://host/mcp` (feature `mcp-publish-http`).
    /// `https://` trusts the system's certificate authorities.
    #[cfg(feature = "mcp-publish-http")]
    pub fn http(url: impl Into<String>) -> Self {
        Self(Place::Http(HttpServer { url: url.into(), headers: Vec::new(), bearer: None }))
    }

    /// Adds a header to each request. It has no effect on a command.
    #[cfg(feature = "mcp-publish-http")]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Place::Http(server) = &mut self.0 {
            server.headers.push((name.into(), value.into()));
        }
        self
    }

    /// Sets the function that returns the token for the header `Authorization: Bearer ..`. It is called for each
    /// connection, and may block. It has no effect on a command.
    #[cfg(feature = "mcp-publish-http")]
    pub fn bearer_from(mut self, token: impl Fn() -> io::Result<String> + Send + Sync + 'static) -> Self {
        if let Place::Http(server) = &mut self.0 {
            server.bearer = Some(Arc::new(token));
        }
        self
    }
}

impl ServerCommand {
    /// The program, and all its arguments.
    pub(super) fn line(&self) -> (OsString, Vec<OsString>) {
        let mut words = self.supervisor.clone().unwrap_or_default();
        words.push(self.program.clone());
        words.extend(self.arguments.iter().cloned());
        let program = words.remove(0);
        (program, words)
    }
}
