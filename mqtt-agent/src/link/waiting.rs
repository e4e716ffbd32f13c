//! Tells the operator what the program waits for, if the first connection takes longer than a moment.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::state::ConnectionState;
use super::url::Target;
use crate::deadline::Lasting;
use crate::log;
use crate::log_rate::LogRate;
use crate::shown::{quoting, shown};

/// How long nothing is said: brokers that are there accept sooner.
pub(super) const MOMENT: Duration = Duration::from_millis(500);

/// How long a look at the folders of the machine may take.
const LOOK: Duration = Duration::from_millis(200);

/// A longer patience has no end.
const ENDLESS: Duration = Duration::from_secs(365 * 24 * 3600);

/// Where MQTT is spoken if nothing else is said.
const USUAL: u16 = 1883;

/// Which broker is waited for.
pub(super) struct Waiting {
    /// Host and port, or the WebSocket address; for messages.
    pub(super) broker: String,
    /// The port at which a broker that is started on this machine would be found.
    here: Option<u16>,
}

impl Waiting {
    pub(super) fn new(target: &Target) -> Self {
        Self { broker: target.address.clone(), here: target.port_here() }
    }

    /// Tells what is waited for, for how long, and what to do; whether it did.
    pub(super) async fn tell(&self, state: &ConnectionState, within: Duration) -> bool {
        static RATE: LogRate =
            LogRate::new(|more| log::warn!("{more} more like this were not logged: waiting for the broker"));
        if !RATE.admits() {
            return false;
        }
        let broker = &self.broker;
        let cause = match state {
            ConnectionState::Connecting { error: Some(error), .. } => &**error,
            _ => "it has not answered yet",
        };
        let patience = if within > ENDLESS {
            "for as long as it takes".to_owned()
        } else {
            format!("for up to {}", Lasting(within))
        };
        let advice = match self.here {
            Some(port) => {
                let path = env::var_os("PATH").unwrap_or_default();
                let found = timeout(LOOK, spawn_blocking(move || start(port, &path))).await;
                found.ok().and_then(Result::ok).unwrap_or_else(|| install(port))
            }
            None => "check the address, and that a broker runs there and can be reached from here".to_owned(),
        };
        log::warn!(
            broker = %shown(broker), error = %quoting(cause), advice = %quoting(&advice), "waiting for the broker {patience}"
        );
        log::note(&format!("waiting for a broker at `{broker}`, {patience}: {cause}"));
        log::note(&advice);
        true
    }

    /// Tells that the wait is over; the log says so anyway.
    pub(super) fn over(&self) {
        log::note(&format!("connected to `{}`", self.broker));
    }
}

/// How to start a broker with what is on this machine.
fn start(port: u16, path: &OsStr) -> String {
    let find = |program: &str, more: &[&str]| {
        let program = format!("{program}{}", env::consts::EXE_SUFFIX);
        let is_there = |folder: PathBuf| folder.join(&program).is_file();
        if env::split_paths(path).any(is_there) {
            return Some(program);
        }
        // Where systems keep what only administrators start, as a rule.
        more.iter()
            .map(|folder| PathBuf::from(folder).join(&program))
            .find(|path| path.is_file())
            .map(|path| path.display().to_string())
    };
    if find("mqtt-agent", &[]).is_some() {
        return format!("to start one, in another terminal: `{}`", dev(port));
    }
    match find("mosquitto", &["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"]) {
        Some(program) => format!("to start one, in another terminal: `{program} -p {port}`"),
        None => install(port),
    }
}

fn dev(port: u16) -> String {
    if port == USUAL { "mqtt-agent dev".to_owned() } else { format!("mqtt-agent dev --port {port}") }
}

fn install(port: u16) -> String {
    format!(
        "to start one, in another terminal: `{}`, which `cargo install mqtt-agent --features cli` installs",
        dev(port)
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::fs::{File, create_dir};

    use super::*;

    // A second is what a person waits before wondering.
    const _: () = assert!(MOMENT.as_millis() + LOOK.as_millis() < 1000);

    #[test]
    fn the_command_that_is_told_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        create_dir(&one).unwrap();
        create_dir(&other).unwrap();
        let path = env::join_paths([&one, &other]).unwrap();
        // A folder of that name is no program.
        create_dir(one.join(format!("mqtt-agent{}", env::consts::EXE_SUFFIX))).unwrap();
        File::create(other.join(format!("mosquitto{}", env::consts::EXE_SUFFIX))).unwrap();
        let told = start(1884, &path);
        assert!(
            told.starts_with("to start one, in another terminal: `mosquitto") && told.ends_with(" -p 1884`"),
            "{told}"
        );
        File::create(other.join(format!("mqtt-agent{}", env::consts::EXE_SUFFIX))).unwrap();
        assert_eq!(start(1884, &path), "to start one, in another terminal: `mqtt-agent dev --port 1884`");
        assert_eq!(start(1883, &path), "to start one, in another terminal: `mqtt-agent dev`");
    }

    #[test]
    fn a_broker_is_to_be_started_here_where_its_address_is_here_and_it_needs_no_settings() {
        let here = |url: &str| Target::parse(url).unwrap().port_here();
        assert_eq!(here("mqtt://localhost"), Some(1883));
        assert_eq!(here("mqtt://user:password@127.0.0.1:1884"), Some(1884));
        for elsewhere in ["mqtt://broker.example", "mqtt://[::1]", "mqtts://localhost", "ws://localhost/mqtt"]
        {
            assert_eq!(here(elsewhere), None, "{elsewhere}");
        }
    }
}
