//! What a broker is: the file `brokers/NAME/capabilities.toml`.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;

/// A broker, as its file describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    /// The name of its folder.
    #[serde(skip)]
    pub(super) name: String,
    /// Where its `run` is.
    #[serde(skip)]
    pub(super) folder: PathBuf,
    /// What it calls itself.
    #[expect(dead_code, reason = "for readers, and for `brokers/run`")]
    product: String,
    /// The language in which tests may configure it; without it they don't.
    pub(super) config: Option<String>,
    /// It starts too slowly for a process for each test; `brokers/run` starts one for all.
    #[serde(default)]
    #[expect(dead_code, reason = "for `brokers/run`")]
    shared: bool,
    /// What it can do.
    pub(super) can: Capabilities,
    /// The tests that are known to fail on it.
    #[serde(default)]
    pub(super) fails: Vec<KnownFailure>,
}

/// What the tests ask a broker for, instead of its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    /// It speaks MQTT 5.
    pub mqtt5: bool,
    /// It has shared subscriptions (MQTT 5 section 4.8.2).
    pub shared_subscriptions: bool,
    /// It keeps retained messages (3.3.1.3).
    pub retain: bool,
    /// It keeps messages for a client that is away (4.1).
    pub offline_queue: bool,
    /// Its PUBACK says when nobody is subscribed (3.4.2.1, reason code 0x10).
    pub reports_no_subscribers: bool,
    /// It gives messages of a shared subscription to the sessions of clients that are away, too (4.8.2 allows both).
    #[serde(default)]
    pub shares_with_clients_that_are_away: Option<bool>,
    /// The largest packet that it takes as it comes, where it has a limit (3.2.2.3.6).
    pub max_packet: Option<usize>,
}

/// A test that is known to fail on a broker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownFailure {
    /// Suite, file and test: `conformance::calls::mcp_14_nobody_serves_the_tool`.
    pub(super) test: String,
    /// What the broker does instead, with the section of MQTT 5 that says otherwise.
    pub(super) why: String,
    /// It passes at times.
    #[serde(default)]
    pub(super) at_times: bool,
}

impl Description {
    /// The embedded broker's.
    pub(super) fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<Description> = LazyLock::new(|| Description::read("embedded"));
        &EMBEDDED
    }

    /// That of the broker that the environment chooses: a name, or a folder anywhere.
    pub(super) fn chosen() -> &'static Self {
        static CHOSEN: LazyLock<Description> = LazyLock::new(|| {
            let name = std::env::var("MQTT_AGENT_TEST_BROKER").unwrap_or_else(|_| "mosquitto".to_owned());
            Description::read(&name)
        });
        &CHOSEN
    }

    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("brokers").join(name);
        let file = folder.join("capabilities.toml");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!("`{}`: {error}; `tests/brokers/README.md` says what it is", file.display())
        });
        let read = toml::from_str(&text).unwrap_or_else(|error| panic!("`{}`: {error}", file.display()));
        Self { name: name.to_owned(), folder, ..read }
    }
}

/// Where the chosen broker runs already.
pub(super) fn chosen_url() -> Option<String> {
    std::env::var("MQTT_AGENT_TEST_BROKER_URL").ok().filter(|url| !url.is_empty())
}
