//! The settings of all commands: the broker, the namespace, the format of answers.

use std::env::var_os;
use std::time::Duration;

use clap::ArgMatches;
use mqtt_agent::{Client, ConnectOptions};

use crate::exit::Failure;
use crate::output::Output;
use crate::profile::{Profile, Profiles};
use crate::signals;

/// Where the broker is when nothing else is said: where `mqtt-agent dev` listens.
pub(crate) const HERE: &str = "mqtt://127.0.0.1:1883";

/// How long the broker may take to accept. A person waits.
const CONNECT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    url: Option<String>,
    namespace: Option<String>,
    context: Option<String>,
    id: Option<String>,
    /// Whether contexts count for nothing.
    alone: bool,
    pub(crate) json: bool,
    pub(crate) timeout: Option<Duration>,
}

impl Settings {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        // Those of `tasks list` stand behind `list`.
        let matches = matches.subcommand().map_or(matches, |(_, matches)| matches);
        // Not every command has all of them.
        let text = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
        // Behind the name of a tool or an agent they are still words, and what is wrong with those is told in JSON as well.
        let words = matches.try_get_many::<String>("words").ok().flatten().into_iter().flatten();
        let behind = words.take_while(|word| *word != "--").any(|word| word == "--json");
        Self {
            url: text("url"),
            namespace: text("namespace"),
            context: text("context"),
            id: text("id"),
            alone: false,
            json: behind || matches.try_get_one::<bool>("json").ok().flatten().copied().unwrap_or_default(),
            timeout: matches.try_get_one::<Duration>("timeout").ok().flatten().copied(),
        }
    }

    /// What was said later counts.
    pub(crate) fn with(self, later: Self) -> Self {
        Self {
            url: later.url.or(self.url),
            namespace: later.namespace.or(self.namespace),
            context: later.context.or(self.context),
            id: later.id.or(self.id),
            alone: later.alone || self.alone,
            json: later.json || self.json,
            timeout: later.timeout.or(self.timeout),
        }
    }

    /// The same at another broker, of which no context says anything.
    pub(crate) fn at(&self, url: String) -> Self {
        Self { url: Some(url), alone: true, ..self.clone() }
    }

    pub(crate) fn output(&self) -> Output {
        Output::new(self.json)
    }

    /// Where to connect: `--url`, else that of `--context`, else `MQTT_AGENT_URL`, else that of `context use`, else this
    /// host. What the context does not say is as the environment says.
    pub(crate) fn options(&self) -> Result<ConnectOptions, Failure> {
        let profile = self.profile()?;
        let url = self.url.as_deref().or(profile.as_ref().map(Profile::url));
        let mut options = match url {
            None if is_set("MQTT_AGENT_URL") => ConnectOptions::from_env()?,
            url => ConnectOptions::from_env_at(url.unwrap_or(HERE))?,
        };
        if var_os("MQTT_AGENT_CONNECT_TIMEOUT").is_none() {
            options = options.connect_timeout(CONNECT);
        }
        if let Some(profile) = profile {
            options = profile.apply(options)?;
        }
        if let Some(namespace) = &self.namespace {
            options = options.namespace(namespace);
        }
        if let Some(id) = &self.id {
            options = options.id(id);
        }
        Ok(options)
    }

    /// The context that counts. What is given by `--url` or `MQTT_AGENT_URL` is another broker than that of `context use`,
    /// and must not get its credentials.
    fn profile(&self) -> Result<Option<Profile>, Failure> {
        if self.alone {
            return Ok(None);
        }
        let named = self.context.clone().or_else(|| std::env::var("MQTT_AGENT_CONTEXT").ok());
        match named.filter(|name| !name.is_empty()) {
            Some(name) => Profiles::read()?.get(&name).map(Some),
            None if self.url.is_some() || is_set("MQTT_AGENT_URL") => Ok(None),
            None => Profiles::read()?.current(),
        }
    }

    /// Whether this client has an id of its own, which another process can have again.
    pub(crate) fn has_id(&self) -> Result<bool, Failure> {
        let profile = self.profile()?;
        Ok(self.id.is_some() || is_set("MQTT_AGENT_ID") || profile.is_some_and(|profile| profile.has_id()))
    }

    /// Connects, unless it is interrupted.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        signals::unless_asked(Client::connect(self.options()?)).await
    }

    /// Connects beside other processes with this client's id, whose connection goes on. To a broker whose rules are for the
    /// id it is another client.
    pub(crate) async fn connect_beside(&self, what: &str) -> Result<Client, Failure> {
        let instance = format!("{what}-{}", std::process::id());
        let options = self.options()?.instance(instance).session_expiry(Duration::ZERO);
        signals::unless_asked(Client::connect(options)).await
    }

    /// Does something with a client, unless it is interrupted: then it is dropped, and what cancels its calls leaves
    /// before the connection ends.
    pub(crate) async fn connected<T>(
        &self,
        work: impl AsyncFnOnce(&Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let client = self.connect().await?;
        let done = signals::unless_asked(work(&client)).await;
        client.close().await;
        done
    }
}

fn is_set(variable: &str) -> bool {
    var_os(variable).is_some_and(|value| !value.is_empty())
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
