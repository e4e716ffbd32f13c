//! What holds for all commands: the broker, the namespace, the form of answers.

use std::env::var_os;
use std::time::Duration;

use clap::ArgMatches;
use mqtt_agent::{Client, ConnectOptions};

use crate::exit::Failure;
use crate::output::Output;

/// Where the broker is when nothing else is said: where `mqtt-agent dev` listens.
pub(crate) const HERE: &str = "mqtt://127.0.0.1:1883";

/// How long the broker may take to accept. A person waits.
const CONNECT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    url: Option<String>,
    namespace: Option<String>,
    pub(crate) json: bool,
    pub(crate) timeout: Option<Duration>,
}

impl Settings {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        // Not every command has all of them.
        let text = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
        // Behind the name of a tool they are still words, and what is wrong with those is told in JSON as well.
        let words = matches.try_get_many::<String>("call").ok().flatten().into_iter().flatten();
        let behind = words.take_while(|word| *word != "--").any(|word| word == "--json");
        Self {
            url: text("url"),
            namespace: text("namespace"),
            json: behind || matches.try_get_one::<bool>("json").ok().flatten().copied().unwrap_or_default(),
            timeout: matches.try_get_one::<Duration>("timeout").ok().flatten().copied(),
        }
    }

    /// What was said later counts.
    pub(crate) fn with(self, later: Self) -> Self {
        Self {
            url: later.url.or(self.url),
            namespace: later.namespace.or(self.namespace),
            json: later.json || self.json,
            timeout: later.timeout.or(self.timeout),
        }
    }

    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// Where to connect: `--url`, else `MQTT_AGENT_URL`, else this host; everything else as the environment says.
    pub(crate) fn options(&self) -> Result<ConnectOptions, Failure> {
        let known = var_os("MQTT_AGENT_URL").is_some_and(|url| !url.is_empty());
        let mut options = match &self.url {
            None if known => ConnectOptions::from_env()?,
            url => ConnectOptions::from_env_at(url.as_deref().unwrap_or(HERE))?,
        };
        if var_os("MQTT_AGENT_CONNECT_TIMEOUT").is_none() {
            options = options.connect_timeout(CONNECT);
        }
        if let Some(namespace) = &self.namespace {
            options = options.namespace(namespace);
        }
        Ok(options)
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        Ok(Client::connect(self.options()?).await?)
    }
}

/// A time as people write it: `30s`, `500ms`, `2m`, `1h`; a number alone is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        unit => return Err(format!("`{unit}` is no unit of time; write `ms`, `s`, `m` or `h`")),
    };
    let seconds = digits.parse::<f64>().map_err(|_| "write a time as `30s` or `500ms`".to_owned())?;
    match Duration::try_from_secs_f64(seconds * unit) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("a time is more than zero; write it as `30s` or `500ms`".to_owned()),
    }
}
