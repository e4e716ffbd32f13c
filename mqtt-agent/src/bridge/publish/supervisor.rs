//! [`supervise`]: the process between a publisher and its server.

use std::ffi::OsString;
use std::io;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};

/// How long a server has to end after its stdin was closed, and again after SIGTERM.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether the publisher is still there. Its end closes stdin as well, but what waits in a pipe
/// to a server that reads nothing hides that.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(500);

/// What shells add to the number of a signal that ended a process.
const SIGNALLED: i32 = 128;

/// Runs an MCP server for a publisher, and ends the server's whole process group when the publisher has ended, for
/// whatever reason. Pass this process's command to [`McpServer::supervised_by`](super::McpServer::supervised_by), and
/// call this with the part that is appended to it.
///
/// It forwards stdin to the server. When stdin or the publisher ends, it closes the server's stdin, sends SIGTERM after
/// 2 s and SIGKILL after another 2 s. When the server itself ends, the remaining processes of its group are killed, and
/// the code is the server's, or 128 and the number of the signal that ended it. This process is a member of the group
/// until then, so that SIGKILL may end it too. It ignores SIGINT, SIGTERM and SIGHUP.
///
/// # Errors
///
/// When the server cannot be started.
pub async fn supervise(command: impl IntoIterator<Item = impl Into<OsString>>) -> io::Result<ExitCode> {
    let mut words = command.into_iter().map(Into::into);
    let Some(program) = words.next() else {
        let message = "there is no command to supervise; append the server's command";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    };
    let _signals = Signals::ignore()?;
    let group = own_group()?;
    let mut command = Command::new(program);
    let mut server = command.args(words).stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
    let Some(stdin) = server.stdin.take() else { return Err(io::Error::other("the server has no stdin")) };
    let status = tokio::select! {
        status = server.wait() => Some(status),
        () = hand_on(stdin) => None,
        () = orphaned() => None,
    };
    let status = match status {
        Some(status) => status?,
        None => end(&mut server, group).await?,
    };
    leave_group();
    kill(group);
    Ok(ExitCode::from(code_of(status)))
}

/// The code that says how the server ended.
fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().or(signal.map(|signal: i32| SIGNALLED.saturating_add(signal)));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Until stdin ends; then that of the server ends as well.
async fn hand_on(mut server: ChildStdin) {
    let (mut stdin, mut bytes) = (tokio::io::stdin(), vec![0_u8; 64 << 10]);
    loop {
        let read = match stdin.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.get(..read).unwrap_or_default(),
        };
        if server.write_all(read).await.is_err() {
            // It has closed its stdin; whether it ends is its business.
            std::future::pending::<()>().await;
        }
    }
}

/// The server's end, in two steps. Its stdin is closed.
async fn end(server: &mut Child, group: Option<GroupId>) -> io::Result<ExitStatus> {
    if let Ok(ended) = timeout(PATIENCE, server.wait()).await {
        return ended;
    }
    terminate(group);
    if let Ok(ended) = timeout(PATIENCE, server.wait()).await {
        return ended;
    }
    kill(group);
    drop(server.start_kill());
    server.wait().await
}

#[cfg(unix)]
type GroupId = rustix::process::Pid;
#[cfg(not(unix))]
type GroupId = u32;

/// The group that this process leads. Started by hand it may be in the group of others, and gets its own.
#[cfg(unix)]
fn own_group() -> io::Result<Option<GroupId>> {
    use rustix::process::{getpgrp, getpid, setpgid};
    if getpgrp() != getpid() {
        setpgid(None, None)?;
    }
    Ok(Some(getpgrp()))
}

#[cfg(not(unix))]
fn own_group() -> io::Result<Option<GroupId>> {
    Ok(None)
}

/// Goes over to the publisher's group, so that the end of the own one is not that of this process, which has a code to tell.
#[cfg(unix)]
fn leave_group() {
    // Where the publisher is gone nobody reads the code.
    if let Some(publisher) = publishers_group() {
        let _ = rustix::process::setpgid(None, Some(publisher));
    }
}

/// The group of this process's parent. In a container it may be one that is not there, which `rustix` takes for impossible.
#[cfg(target_os = "linux")]
fn publishers_group() -> Option<GroupId> {
    let parent = rustix::process::getppid()?.as_raw_nonzero();
    let stat = std::fs::read_to_string(format!("/proc/{parent}/stat")).ok()?;
    // Behind the program's name, which may have anything in it: the state, the parent, the group.
    let (_, fields) = stat.rsplit_once(')')?;
    GroupId::from_raw(fields.split_ascii_whitespace().nth(2)?.parse().ok()?)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn publishers_group() -> Option<GroupId> {
    rustix::process::getpgid(rustix::process::getppid()).ok()
}

#[cfg(not(unix))]
fn leave_group() {}

#[cfg(unix)]
fn terminate(group: Option<GroupId>) {
    send(group, rustix::process::Signal::TERM);
}

#[cfg(unix)]
fn kill(group: Option<GroupId>) {
    send(group, rustix::process::Signal::KILL);
}

#[cfg(unix)]
fn send(group: Option<GroupId>, signal: rustix::process::Signal) {
    if let Some(group) = group {
        // This process was the first in it; where nothing is left of it there is nothing to end.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn terminate(_: Option<GroupId>) {}

#[cfg(not(unix))]
fn kill(_: Option<GroupId>) {}

/// Until another process than the publisher is the parent of this one.
#[cfg(unix)]
async fn orphaned() {
    let parent = rustix::process::getppid();
    while rustix::process::getppid() == parent {
        sleep(LOOK).await;
    }
}

#[cfg(not(unix))]
async fn orphaned() {
    std::future::pending::<()>().await;
    sleep(PATIENCE).await;
}

/// Has signals do nothing, for as long as it is there: those for the group are for the server.
struct Signals {
    #[cfg(unix)]
    _streams: Vec<tokio::signal::unix::Signal>,
}

impl Signals {
    fn ignore() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
            Ok(Self { _streams: kinds.into_iter().map(signal).collect::<io::Result<_>>()? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }
}
