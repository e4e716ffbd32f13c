//! How a command ends: the exit codes, and the messages of failures.

use std::process::ExitCode;

use mqtt_agent::a2a::DelegateError;
use mqtt_agent::bridge::{BridgeError, PublishServerError};
use mqtt_agent::{CallError, ConnectError, DiscoverError, Error, PublishError, SubscribeError};
use serde_json::{Value, json};

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
    code: Option<String>,
    data: Option<Value>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), code: None, data: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
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
        Self { exit, message: error.to_string(), code, data }
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
        Self::new(exit, error.to_string())
    }
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
