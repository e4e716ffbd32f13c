//! [`AuditLog`]: writes a line for each call, without delaying the calls.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use serde::Serialize;
use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::next::{Layer, Next};
use super::outcome::{Outcome, Refusal};
use super::request::{Kind, Request};
use crate::log_rate::limited;
use crate::wire::{codes, now_rfc3339};

/// How many lines wait, where nothing else is said.
const QUEUE: usize = 1024;

/// So many characters of each text are written. All of them are identifiers, but for topics and codes.
const MOST: usize = 200;

/// Writes a line of JSON for each call: the time, the caller, the tool and the outcome.
///
/// ```json
/// {"time":"2026-11-27T09:30:00.104Z","agent":"valves","kind":"tool","name":"turn","client":"panel-3","call_id":"4f9c..",
///  "outcome":"ok","elapsed_ms":12}
/// ```
///
/// The real line has no line breaks. `client` is the client that the answer went to ([`Request::client`]). `caller` is
/// the caller's claimed id, if it differs. `outcome` is `ok`; or the kind of the error, with its `code`; or `abandoned`
/// if the call ended without an answer, because it was cancelled, ran out of time, or was dropped by an outer layer.
/// Arguments and results are not written.
///
/// A dedicated thread writes the lines, so a slow disk does not delay calls. Up to 1,024 lines wait, of at most about 2
/// kB each. Further lines are lost and counted: the next line is `{"time":..,"lost":3}`. With
/// [`refuse_when_full`](Self::refuse_when_full), calls are refused instead, with the code `audit_full`. If a write
/// fails, its line counts as lost, and the failure is logged. A clean stop of the agent writes the waiting lines; a
/// crash loses them.
///
/// Add it as the first layer: the outermost layer sees the most calls.
///
/// ```
/// use mqtt_agent::layer::AuditLog;
/// use mqtt_agent::prelude::*;
///
/// # fn example() -> std::io::Result<()> {
/// let file = std::fs::OpenOptions::new().create(true).append(true).open("audit.jsonl")?;
/// let agent = Agent::new("valves").layer(AuditLog::new(file)?);
/// # Ok(())
/// # }
/// ```
pub struct AuditLog {
    lines: Sender<Line>,
    lost: Arc<AtomicU64>,
    refuses: bool,
}

enum Line {
    Text(Vec<u8>),
    /// Answered when all before it is written.
    Flush(oneshot::Sender<()>),
}

impl AuditLog {
    /// Writes to a file, a socket, or any other writer.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn new(writer: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_queue(writer, QUEUE)
    }

    /// Like [`new`](Self::new), with another limit for waiting lines; 0 counts as 1.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn with_queue(writer: impl Write + Send + 'static, lines: usize) -> io::Result<Self> {
        let (sender, receiver) = channel(lines.clamp(1, tokio::sync::Semaphore::MAX_PERMITS));
        let lost = Arc::default();
        let mut writing = Writing { writer, lost: Arc::clone(&lost), is_torn: false };
        // Ends with the last sender, when all is written.
        thread::Builder::new().name("audit-log".to_owned()).spawn(move || writing.run(receiver))?;
        Ok(Self { lines: sender, lost, refuses: false })
    }

    /// Refuses a call as `unavailable` with the code `audit_full`, before anything runs, if there is no room for its
    /// line. A call reserves the room for its line when it begins, so the number of concurrent calls is at most the
    /// number of lines that may wait.
    #[must_use]
    pub fn refuse_when_full(mut self) -> Self {
        self.refuses = true;
        self
    }

    /// Waits until all lines so far are written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.lines.send(Line::Flush(done)).await.is_ok() {
            drop(written.await);
        }
    }

    fn begin(&self, request: &Request) -> Result<Entry, Refusal> {
        let room = match self.refuses {
            true => Some(self.lines.clone().try_reserve_owned().map_err(|_| {
                let message = "the agent cannot write down now what it does; try again later";
                Refusal::unavailable(message).with_code(codes::AUDIT_FULL)
            })?),
            false => None,
        };
        let (context, client) = (request.context(), cut(request.client()));
        let caller = cut(context.caller().claim());
        let who = Who {
            agent: context.agent_id(),
            kind: request.kind(),
            name: cut(request.name()),
            caller: Some(caller).filter(|caller| !caller.is_empty() && *caller != client),
            client,
            call_id: cut(context.call_id()),
        };
        let (lines, lost) = (self.lines.clone(), Arc::clone(&self.lost));
        Ok(Entry { who, began: Instant::now(), room, lines, lost, is_over: false })
    }
}

#[diagnostic::do_not_recommend]
impl Layer for AuditLog {
    async fn call(&self, request: Request, next: Next) -> Outcome {
        let mut entry = self.begin(&request)?;
        let outcome = next.run(request).await;
        match &outcome {
            Ok(_) => entry.end("ok", None),
            Err(refusal) => entry.end(refusal.kind().as_str(), refusal.code()),
        }
        outcome
    }

    async fn stop(&self) {
        self.flush().await;
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("refuses", &self.refuses).finish_non_exhaustive()
    }
}

/// Who asks for what.
struct Who {
    agent: String,
    kind: Kind,
    name: String,
    client: String,
    caller: Option<String>,
    call_id: String,
}

/// One line.
#[derive(Serialize)]
struct Fields<'w> {
    time: String,
    agent: &'w str,
    kind: &'static str,
    name: &'w str,
    client: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<&'w str>,
    call_id: &'w str,
    outcome: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    elapsed_ms: u64,
}

/// A call that is written down when it ends, however it does.
struct Entry {
    who: Who,
    began: Instant,
    /// Kept from the beginning on where calls are refused without it.
    room: Option<OwnedPermit<Line>>,
    lines: Sender<Line>,
    lost: Arc<AtomicU64>,
    is_over: bool,
}

impl Entry {
    fn end(&mut self, outcome: &str, code: Option<&str>) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let Who { agent, kind, name, client, caller, call_id } = &self.who;
        let fields = Fields {
            time: now_rfc3339(),
            agent,
            kind: kind.as_str(),
            name,
            client,
            caller: caller.as_deref(),
            call_id,
            outcome: &cut(outcome),
            code: code.map(cut),
            elapsed_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        // Texts and numbers: nothing that JSON cannot hold.
        let line = Line::Text(serde_json::to_vec(&fields).unwrap_or_default());
        match self.room.take() {
            Some(room) => drop(room.send(line)),
            None => match self.lines.try_reserve() {
                Ok(room) => room.send(line),
                Err(_full) => {
                    self.lost.fetch_add(1, Ordering::Relaxed);
                    limited!(warn, "failed to write to the audit log: too many lines wait to be written");
                }
            },
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.end("abandoned", None);
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MOST).collect()
}

/// What the thread does.
struct Writing<W> {
    writer: W,
    lost: Arc<AtomicU64>,
    /// Whether the last line may be there in part.
    is_torn: bool,
}

#[derive(Serialize)]
struct Lost {
    time: String,
    lost: u64,
}

impl<W: Write> Writing<W> {
    fn run(&mut self, mut lines: Receiver<Line>) {
        while let Some(line) = lines.blocking_recv() {
            match line {
                Line::Text(text) => {
                    self.tell_lost();
                    self.write(text, 1);
                }
                Line::Flush(done) => {
                    self.tell_lost();
                    self.flush();
                    // The requester may have gone.
                    let _ = done.send(());
                }
            }
            if lines.is_empty() {
                self.flush();
            }
        }
        self.tell_lost();
        self.flush();
    }

    fn tell_lost(&mut self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let line = Lost { time: now_rfc3339(), lost };
            self.write(serde_json::to_vec(&line).unwrap_or_default(), lost);
        }
    }

    /// Writes a line, or counts what it stands for as lost.
    fn write(&mut self, mut line: Vec<u8>, counts: u64) {
        if self.is_torn {
            line.insert(0, b'\n');
        }
        line.push(b'\n');
        let written = self.writer.write_all(&line);
        self.is_torn = written.is_err();
        if let Err(error) = written {
            self.lost.fetch_add(counts, Ordering::Relaxed);
            limited!(error, "failed to write to the audit log", %error);
        }
    }

    fn flush(&mut self) {
        if let Err(error) = self.writer.flush() {
            limited!(error, "failed to write to the audit log", %error);
        }
    }
}
