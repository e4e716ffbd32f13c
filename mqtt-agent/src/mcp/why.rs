//! [`Why`]: finds out why a tool does not answer. It checks the tool's card, its servers and this client's rights, and
//! asks the servers without running the tool.

use std::fmt;
use std::future::IntoFuture;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio::time::timeout;

use super::ask::ask;
use super::call::CallError;
use super::discover::{FindServer, FindTool, all_servers};
use crate::deadline::Lasting;
use crate::discover::{DiscoverError, WINDOW};
use crate::link::{Message, SubscribeError};
use crate::near::near;
use crate::session::{Session, SessionHandle};
use crate::shown::shown;
use crate::wire::{ErrorKind, Identifier, Response, ServerCard, Status, ToolCard};

/// What is sent instead of a call. It is no JSON, so whatever serves the tool can't take it for one (`MCP-9`).
const PROBE: &[u8] = b"no call: a question of `why`";

/// How many of them: a session that is left over takes its turn among the servers.
const PROBES: usize = 3;

/// How many servers are asked.
const MOST_SERVERS: usize = 32;

/// Finds out why a tool does not answer, made by [`Client::why`](crate::Client::why). Await it.
///
/// The tool's servers log its probes as malformed calls, and count them as such in their statistics.
#[derive(Debug)]
#[must_use = "nothing is asked until this is awaited"]
pub struct Why {
    handle: SessionHandle,
    tool: String,
    within: Duration,
}

/// Which servers should answer a tool, and why it does not answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The tool.
    pub tool: String,
    /// Whether every probe got an answer.
    pub answers: bool,
    /// The servers that list the tool, and the server that the tool's card names: 32 at most.
    pub servers: Vec<AskedServer>,
    /// What was found; causes that make calls fail come first. Empty if nothing is wrong.
    pub findings: Vec<Finding>,
}

/// A server of the tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AskedServer {
    /// Its id.
    pub server: String,
    /// Whether it is online, by its card.
    pub online: bool,
    /// Whether its card lists the tool.
    pub lists: bool,
    /// How long it took to answer a ping, in milliseconds (`MCP-20`); `None` if it did not answer.
    pub ping_ms: Option<f64>,
    /// The number of accepted calls of the tool that it has not answered yet; `None` if it sent no statistics of the
    /// tool.
    pub in_hand: Option<u64>,
    /// The number of calls of the tool that it refused as `unavailable` since it started; `None` if it sent no
    /// statistics of the tool.
    pub refused: Option<u64>,
}

/// One cause that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The cause, for programs.
    pub cause: Cause,
    /// The cause in words, and what to do.
    pub message: String,
}

/// Why a tool does not answer, or not always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// There is no card of the tool.
    NoCard,
    /// No server of the tool is online.
    NoServer,
    /// The broker reports that the tool's calls have no subscriber (`MCP-14`).
    NoSubscriber,
    /// The tool's card does not allow this client (`MCP-18`).
    NotAllowed,
    /// The broker does not let this client publish calls of the tool.
    CallDenied,
    /// The broker does not let this client subscribe to its answers, or does not answer to the subscription.
    AnswersDenied,
    /// Only some calls are answered: a session that a former server left takes the others (`SUB-8a`).
    LostSession,
    /// A server is online by its card, but does not answer.
    NoAnswer,
    /// Calls were refused, because too many were made at once.
    Busy,
    /// The broker does not let this client see cards, so less is known. It does not stop calls.
    CardsDenied,
}

impl Cause {
    /// Whether this cause makes calls fail.
    #[must_use]
    pub fn stops_calls(self) -> bool {
        !matches!(self, Self::Busy | Self::CardsDenied)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCard => "no card",
            Self::NoServer => "no server",
            Self::NoSubscriber => "no subscriber",
            Self::NotAllowed => "not allowed",
            Self::CallDenied => "call denied",
            Self::AnswersDenied => "answers denied",
            Self::LostSession => "lost session",
            Self::NoAnswer => "no answer",
            Self::Busy => "busy",
            Self::CardsDenied => "cards denied",
        })
    }
}

impl Why {
    pub(crate) fn new(handle: SessionHandle, tool: String) -> Self {
        Self { handle, tool, within: WINDOW }
    }

    /// Sets how long each probe may take. Default: 1 s.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }
}

impl IntoFuture for Why {
    type Output = Result<Diagnosis, DiscoverError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    /// # Errors
    ///
    /// [`DiscoverError::InvalidName`] if the name is not a valid tool name.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            Identifier::parse(&self.tool)?;
            let mut look = Look { why: &self, findings: Vec::new() };
            let (answers, servers) = look.all().await;
            let Look { mut findings, .. } = look;
            findings.sort_by_key(|finding| !finding.cause.stops_calls());
            let Self { tool, .. } = self;
            Ok(Diagnosis { tool, answers, servers, findings })
        })
    }
}

struct Look<'w> {
    why: &'w Why,
    findings: Vec<Finding>,
}

/// What came of the questions that stand for calls.
#[derive(Default)]
struct Probed {
    sent: usize,
    answered: usize,
    /// The broker says that nobody listens.
    nobody: bool,
    busy: bool,
    denied: bool,
}

impl Look<'_> {
    fn session(&self) -> &Session {
        self.why.handle.session()
    }

    fn find(&mut self, cause: Cause, message: impl Into<String>) {
        self.findings.push(Finding { cause, message: message.into() });
    }

    async fn all(&mut self) -> (bool, Vec<AskedServer>) {
        let tool = self.why.tool.as_str();
        let (card, cards) = tokio::join!(self.card(), all_servers(self.session(), self.why.within));
        let mut servers = match cards {
            Ok((servers, _)) => servers,
            Err(error) => {
                self.find(Cause::CardsDenied, format!("which servers there are is not known: {error}"));
                Vec::new()
            }
        };
        let card = match card {
            Ok(card) => card,
            Err(error) => {
                self.find(Cause::CardsDenied, format!("the card of `{tool}` is not known: {error}"));
                None
            }
        };
        let named = card.as_ref().map(|card| card.server.clone());
        servers.retain(|server| {
            server.tools.iter().any(|name| name == tool) || Some(&server.server) == named.as_ref()
        });
        servers.truncate(MOST_SERVERS);
        let asked = join_all(servers.iter().map(|server| self.ask(server))).await;
        if let Some(card) = &card {
            self.callers(card);
        }
        let probed = self.probe().await;
        self.conclude(card.as_ref(), &asked, &probed).await;
        (probed.sent > 0 && probed.answered == probed.sent, asked)
    }

    async fn card(&self) -> Result<Option<ToolCard>, DiscoverError> {
        let session = self.why.handle.session().clone();
        FindTool::new(session, self.why.tool.clone()).within(self.why.within).await
    }

    async fn ask(&self, card: &ServerCard) -> AskedServer {
        let find = || {
            let session = self.why.handle.session().clone();
            FindServer::new(session, card.server.clone()).within(self.why.within)
        };
        let sent = Instant::now();
        let ping = find().ping().await.is_ok();
        let ping_ms = ping.then(|| (sent.elapsed().as_secs_f64() * 1e6).round() / 1e3);
        let stats = if ping { find().stats().await.ok() } else { None };
        let of = stats.and_then(|mut stats| stats.tools.remove(&self.why.tool));
        let refused =
            |kind: ErrorKind| of.as_ref().map(|of| of.errors.get(kind.as_str()).copied().unwrap_or(0));
        AskedServer {
            server: card.server.clone(),
            online: card.status == Status::Online,
            lists: card.tools.contains(&self.why.tool),
            ping_ms,
            in_hand: of.as_ref().map(|of| of.in_hand),
            refused: refused(ErrorKind::Unavailable),
        }
    }

    fn callers(&mut self, card: &ToolCard) {
        let id = self.session().id().as_str().to_owned();
        if card.allowed_callers.as_ref().is_some_and(|callers| !callers.contains(&id)) {
            let callers = card.allowed_callers.as_deref().unwrap_or_default().join("`, `");
            let callers = shown(&callers).to_string();
            let message = format!("`{id}` may not call it, only `{callers}` may; connect with such an id");
            self.find(Cause::NotAllowed, message);
        }
    }

    /// Sends what is no call where calls go.
    async fn probe(&mut self) -> Probed {
        let mut probed = Probed::default();
        let within = self.why.within;
        let cause = match timeout(within, self.session().receive_responses()).await {
            Ok(Ok(())) => None,
            Ok(Err(error @ SubscribeError::Denied { .. })) => Some(error.to_string()),
            Ok(Err(error)) => Some(format!("answers cannot be received: {error}")),
            Err(_) => Some(format!(
                "answers cannot be received: the broker did not grant the subscription to them in {}; look at the connection",
                Lasting(within)
            )),
        };
        if let Some(message) = cause {
            self.find(Cause::AnswersDenied, message);
            return probed;
        }
        for _ in 0..PROBES {
            let topic = self.session().namespace().tool_call(&self.why.tool);
            let message = Message::json(topic, Bytes::from_static(PROBE));
            probed.sent += 1;
            match ask(&self.why.handle, message, Some(self.why.within), "within").await {
                Ok(answer) => {
                    probed.answered += 1;
                    let busy = Response::read(&answer.payload).is_ok_and(|response| {
                        response.outcome.is_err_and(|error| error.kind == ErrorKind::Unavailable)
                    });
                    probed.busy |= busy;
                }
                Err(CallError::Unauthorized { message }) => {
                    probed.denied = true;
                    self.find(Cause::CallDenied, message);
                    break;
                }
                Err(CallError::Unavailable { .. }) => {
                    probed.nobody = true;
                    break;
                }
                Err(_) => {}
            }
        }
        probed
    }

    async fn conclude(&mut self, card: Option<&ToolCard>, asked: &[AskedServer], probed: &Probed) {
        let tool = self.why.tool.clone();
        let online: Vec<_> = asked.iter().filter(|server| server.online && server.lists).collect();
        let names = |servers: &[&AskedServer]| {
            let names: Vec<_> = servers.iter().map(|server| format!("`{}`", shown(&server.server))).collect();
            names.join(", ")
        };
        if card.is_none() && probed.answered == 0 && !probed.denied {
            let near = self.near().await;
            self.find(Cause::NoCard, format!("nobody has announced a tool `{tool}`; {near}"));
        }
        if probed.nobody {
            let message = match online.as_slice() {
                [] => "nobody subscribes to its calls; start its server".to_owned(),
                online => format!(
                    "{} says that it serves it, and does not subscribe to its calls; its broker may deny that, look at its log",
                    names(online)
                ),
            };
            self.find(Cause::NoSubscriber, message);
        }
        let silent = probed.sent > 0 && !probed.denied && !probed.nobody && probed.answered < probed.sent;
        let alive: Vec<_> = online.iter().copied().filter(|server| server.ping_ms.is_some()).collect();
        if silent && (probed.answered > 0 || !alive.is_empty()) {
            self.find(
                Cause::LostSession,
                format!(
                    "{} of {} questions were not answered: the session of a server that is gone still takes its share of the \
                     calls until it expires (15 s, unless that server said otherwise), or the broker drops messages; wait, or \
                     end that session at the broker",
                    probed.sent - probed.answered,
                    probed.sent
                ),
            );
        } else if silent && !online.is_empty() {
            let message = format!(
                "{} is online by its card, and answers nothing; it hangs, is cut off, or was killed a moment ago: look at its \
                 process, and whether this client may read its own answers",
                names(&online)
            );
            self.find(Cause::NoAnswer, message);
        }
        if card.is_some()
            && online.is_empty()
            && probed.answered == 0
            && !probed.denied
            && !self.sees_no_cards()
        {
            let known: Vec<_> = asked.iter().collect();
            let message = match known.as_slice() {
                [] => {
                    format!("the card of `{tool}` is there, and no server says that it serves it; start one")
                }
                known => format!("{} serves it, and is offline; start it", names(known)),
            };
            self.find(Cause::NoServer, message);
        }
        let refused: u64 = asked.iter().filter_map(|server| server.refused).sum();
        if probed.busy || refused > 0 {
            let waiting: u64 = asked.iter().filter_map(|server| server.in_hand).sum();
            self.find(
                Cause::Busy,
                format!(
                    "too many calls came at once: its servers have refused {refused} since they started, and hold {waiting} \
                     now; call less often, start a replica, or raise its `concurrency`"
                ),
            );
        }
    }

    fn sees_no_cards(&self) -> bool {
        self.findings.iter().any(|finding| finding.cause == Cause::CardsDenied)
    }

    /// A tool of a similar name.
    async fn near(&self) -> String {
        let session = self.why.handle.session().clone();
        let found = super::ListTools::new(session).partial().await;
        let tools = found.map(crate::discover::Listing::into_vec).unwrap_or_default();
        match near(&self.why.tool, tools.iter().map(|card| card.tool.as_str())) {
            Some(tool) => format!("did you mean `{}`? It may also be in another namespace", shown(tool)),
            None => "look at its name and its namespace, and start its server".to_owned(),
        }
    }
}
