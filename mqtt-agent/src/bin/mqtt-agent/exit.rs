//! How a command ends: the exit codes, and the messages of failures.

use std::process::ExitCode;

use mqtt_agent::a2a::DelegateError;
use mqtt_agent::bridge::{BridgeError, PublishServerError};
use mqtt_agent::wire::TaskError;
use mqtt_agent::{CallError, ConnectError, DiscoverError, Error, PublishError, SubscribeError};
use serde_json::{Value, json};

use crate::told::told;

/// The exit codes, which scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Nobody = 3,
    Denied = 4,
    Late = 5,
    NoBroker = 6,
    Interrupted = 130,
}

impl Exit {
    /// The `type` of an error in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Nobody => "unavailable",
            Self::Denied => "unauthorized",
            Self::Late => "timeout",
            Self::NoBroker => "no_broker",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The code of a task that was given up for want of an answer.
const QUESTION: &str = "question";

/// Why a command did not do what it was to do.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    /// The same on several lines.
    lines: Option<String>,
    code: Option<String>,
    data: Option<Value>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), lines: None, code: None, data: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// What a peer says, whole: the library's own text of it is short. A list of invalid arguments has a line for each.
    fn said(exit: Exit, what: &str, message: &str) -> Self {
        let message = told(message);
        let lines = listed(&message).map(|lines| format!("{what}:\n  {}", lines.join("\n  ")));
        Self { lines, ..Self::new(exit, format!("{what}: {message}")) }
    }

    /// The message as a terminal shows it.
    pub(crate) fn for_people(&self) -> &str {
        self.lines.as_deref().unwrap_or(&self.message)
    }

    /// The agent asks, and nobody answers.
    pub(crate) fn question(question: String) -> Self {
        let message = format!(
            "the agent asks: `{question}`; answer on the terminal or by a pipe; the task was cancelled"
        );
        Self { code: Some(QUESTION.to_owned()), ..Self::failed(message) }
    }

    pub(crate) fn is_question(&self) -> bool {
        self.exit == Exit::Failed && self.code.as_deref() == Some(QUESTION)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted; what ran was cancelled")
    }

    /// `{"error": {"type", "message", "code", "data"}}`; the last two where the tool gave them.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({"type": self.exit.name(), "message": self.message});
        if let (Some(code), Some(error)) = (&self.code, error.as_object_mut()) {
            error.insert("code".to_owned(), json!(code));
        }
        if let (Some(data), Some(error)) = (&self.data, error.as_object_mut()) {
            error.insert("data".to_owned(), data.clone());
        }
        json!({ "error": error })
    }
}

/// What separates the errors of arguments, each of which begins with its pointer.
const NEXT: &str = "; `/";

/// Each of several errors of arguments.
fn listed(message: &str) -> Option<Vec<String>> {
    let mut each = message.strip_prefix("`/")?.split(NEXT).map(|error| format!("`/{error}")).peekable();
    let first = each.next()?;
    each.peek()?;
    Some(std::iter::once(first).chain(each).collect())
}

/// What the library's own text of a peer's message has room for, in characters.
const SHORT: usize = 200;

fn is_long(message: &str) -> bool {
    message.chars().nth(SHORT).is_some()
}

fn publish(error: &PublishError) -> Exit {
    match error {
        PublishError::Denied { .. } => Exit::Denied,
        PublishError::Expired => Exit::Late,
        PublishError::Closed | PublishError::Interrupted => Exit::NoBroker,
        _ => Exit::Failed,
    }
}

fn subscribe(error: &SubscribeError) -> Exit {
    match error {
        SubscribeError::Denied { .. } => Exit::Denied,
        SubscribeError::Closed { .. } | SubscribeError::Interrupted { .. } => Exit::NoBroker,
        _ => Exit::Failed,
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Invalid(_) => Exit::Usage,
            Error::Connect(error) => match error {
                ConnectError::Credentials { .. } | ConnectError::NotAuthorized { .. } => Exit::Denied,
                ConnectError::InvalidUrl { .. }
                | ConnectError::FeatureMissing { .. }
                | ConnectError::InvalidOption { .. } => Exit::Usage,
                _ => Exit::NoBroker,
            },
            Error::Publish(error) => publish(error),
            Error::Subscribe(error) => subscribe(error),
            _ => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<DiscoverError> for Failure {
    fn from(error: DiscoverError) -> Self {
        let exit = match &error {
            DiscoverError::Subscribe(error) => subscribe(error),
            DiscoverError::Timeout(_) => Exit::Late,
            DiscoverError::InvalidName(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

/// What the library advises, as an option of the command.
fn as_option(text: &str) -> String {
    text.replace("`.timeout(..)`", "`--timeout`")
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let exit = match &error {
            CallError::InvalidArguments { .. } | CallError::InvalidName { .. } => Exit::Usage,
            CallError::Unauthorized { .. } => Exit::Denied,
            CallError::TimedOutByServer { .. } => Exit::Late,
            CallError::Timeout { online: Some(false), .. } => Exit::Nobody,
            CallError::Timeout { .. } => Exit::Late,
            // It is served, and too busy or stopping.
            CallError::Unavailable { code: Some(_), .. } => Exit::Failed,
            CallError::Unavailable { .. } => Exit::Nobody,
            CallError::Publish(error) => publish(error),
            CallError::Subscribe(error) => subscribe(error),
            _ => Exit::Failed,
        };
        let data = error.data().and_then(|data| serde_json::from_str(data.get()).ok());
        let code = error.code().map(str::to_owned);
        let failure = match &error {
            CallError::InvalidArguments { message } => Self::said(exit, "invalid arguments", message),
            CallError::Unauthorized { message } if is_long(message) => {
                Self::said(exit, "not authorized", message)
            }
            CallError::Tool { message, .. } if is_long(message) => {
                Self::said(exit, "the tool failed", message)
            }
            CallError::TimedOutByServer { message } if is_long(message) => {
                Self::said(exit, "the server gave up", message)
            }
            CallError::Unavailable { message, .. } if is_long(message) => {
                Self::said(exit, "unavailable", message)
            }
            CallError::Timeout { .. } => Self::new(exit, as_option(&error.to_string())),
            error => Self::new(exit, error.to_string()),
        };
        Self { code, data, ..failure }
    }
}

impl From<DelegateError> for Failure {
    fn from(error: DelegateError) -> Self {
        let exit = match &error {
            DelegateError::InvalidAgent(_) | DelegateError::InvalidTask(_) => Exit::Usage,
            DelegateError::Unavailable { .. } | DelegateError::UnknownTask { .. } => Exit::Nobody,
            DelegateError::Timeout { .. } | DelegateError::Unanswered { .. } => Exit::Late,
            DelegateError::Publish(error) => publish(error),
            DelegateError::Subscribe(error) => subscribe(error),
            DelegateError::Abandoned => Exit::NoBroker,
            _ => Exit::Failed,
        };
        match &error {
            DelegateError::Rejected(TaskError { message, .. }) if told_whole(message) => {
                Self::said(exit, "the agent rejected the task", message)
            }
            DelegateError::Failed(TaskError { message, .. }) if told_whole(message) => {
                Self::said(exit, "the task failed", message)
            }
            DelegateError::Timeout { .. } | DelegateError::Unanswered { .. } => {
                Self::new(exit, as_option(&error.to_string()))
            }
            error => Self::new(exit, error.to_string()),
        }
    }
}

/// Whether there is more in a task's error than the library's own text shows well.
fn told_whole(message: &str) -> bool {
    is_long(message) || listed(message).is_some()
}

impl From<BridgeError> for Failure {
    fn from(error: BridgeError) -> Self {
        match error {
            BridgeError::Options(error) => error.into(),
            BridgeError::Tokens { .. } | BridgeError::Http { .. } => Self::usage(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<PublishServerError> for Failure {
    fn from(error: PublishServerError) -> Self {
        match error {
            PublishServerError::Agent(error) => error.into(),
            error => Self::failed(error.to_string()),
        }
    }
}
