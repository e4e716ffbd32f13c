//! One process that is measured, as the driver sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mqtt_agent::serde_json;

use crate::roles::{Counts, Line, Order, Work};

/// Ends when it is dropped.
pub(crate) struct Process {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Process {
    /// Starts it, and waits until it is ready.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("failed to start {command:?}: {error}"))?;
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let process = Self { child, input, lines };
        match process.next(Duration::from_secs(20))? {
            Line::Ready => Ok(process),
            other => Err(format!("{other:?} instead of being ready")),
        }
    }

    pub(crate) fn tell(&mut self, order: &Order) -> Result<(), String> {
        let line = serde_json::to_string(order).expect("JSON");
        writeln!(self.input, "{line}").map_err(|error| format!("the process ended: {error}"))
    }

    pub(crate) fn next(&self, wait: Duration) -> Result<Line, String> {
        let line = self.lines.recv_timeout(wait).map_err(|error| format!("it said nothing: {error}"))?;
        serde_json::from_str(&line).map_err(|error| format!("it said `{line}`: {error}"))
    }

    /// What it counted so far.
    pub(crate) fn counts(&mut self) -> Result<Counts, String> {
        self.tell(&Order { work: Work::Count, callers: 0, bytes: 0, warm_up_ms: 0, ms: 0 })?;
        match self.next(Duration::from_secs(10))? {
            Line::Counts(counts) => Ok(counts),
            other => Err(format!("{other:?} instead of counts")),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
