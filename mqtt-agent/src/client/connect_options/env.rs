//! Connect options from environment variables.

use std::env::var_os;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::ConnectOptions;
use crate::error::{Error, Problem, Result};
use crate::link::{CredentialSource, Credentials, PasswordFile, Tls};

const URL: &str = "MQTT_AGENT_URL";
const USERNAME: &str = "MQTT_AGENT_USERNAME";
const PASSWORD: &str = "MQTT_AGENT_PASSWORD";
const PASSWORD_FILE: &str = "MQTT_AGENT_PASSWORD_FILE";
const CA_FILE: &str = "MQTT_AGENT_CA_FILE";
const CERTIFICATE_FILE: &str = "MQTT_AGENT_CERTIFICATE_FILE";
const KEY_FILE: &str = "MQTT_AGENT_KEY_FILE";
const ID: &str = "MQTT_AGENT_ID";
const INSTANCE: &str = "MQTT_AGENT_INSTANCE";
const NAMESPACE: &str = "MQTT_AGENT_NAMESPACE";
const CONNECT_TIMEOUT: &str = "MQTT_AGENT_CONNECT_TIMEOUT";
const RETRY: &str = "MQTT_AGENT_RETRY_FIRST_CONNECTION";
const SESSION_EXPIRY: &str = "MQTT_AGENT_SESSION_EXPIRY";
const WILL_DELAY: &str = "MQTT_AGENT_WILL_DELAY";
const KEEP_ALIVE: &str = "MQTT_AGENT_KEEP_ALIVE";
const MAX_PACKET_SIZE: &str = "MQTT_AGENT_MAX_PACKET_SIZE";
const CALL_TIMEOUT: &str = "MQTT_AGENT_CALL_TIMEOUT";

/// How long reading a file may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl ConnectOptions {
    /// Reads the options from environment variables.
    ///
    /// | variable | option |
    /// |---|---|
    /// | `MQTT_AGENT_URL` | the broker's [URL](Self::new); required |
    /// | `MQTT_AGENT_USERNAME`, `MQTT_AGENT_PASSWORD` | [`credentials`](Self::credentials) |
    /// | `MQTT_AGENT_PASSWORD_FILE` | a file with the password, read before each attempt to connect; the line end is removed |
    /// | `MQTT_AGENT_CA_FILE` | a PEM file: [`Tls::ca_pem`] |
    /// | `MQTT_AGENT_CERTIFICATE_FILE`, `MQTT_AGENT_KEY_FILE` | two PEM files: [`Tls::client_certificate`] |
    /// | `MQTT_AGENT_ID`, `MQTT_AGENT_INSTANCE`, `MQTT_AGENT_NAMESPACE` | [`id`](Self::id), [`instance`](Self::instance), [`namespace`](Self::namespace) |
    /// | `MQTT_AGENT_CONNECT_TIMEOUT` | [`connect_timeout`](Self::connect_timeout), in seconds |
    /// | `MQTT_AGENT_RETRY_FIRST_CONNECTION` | [`retry_first_connection`](Self::retry_first_connection): `true` or `false` |
    /// | `MQTT_AGENT_SESSION_EXPIRY`, `MQTT_AGENT_WILL_DELAY`, `MQTT_AGENT_KEEP_ALIVE`, `MQTT_AGENT_CALL_TIMEOUT` | the options of these names, in seconds |
    /// | `MQTT_AGENT_MAX_PACKET_SIZE` | [`max_packet_size`](Self::max_packet_size), in bytes |
    ///
    /// An empty variable counts as not set. Seconds may have a fraction: `0.5`.
    ///
    /// ```no_run
    /// use mqtt_agent::prelude::*;
    ///
    /// #[tokio::main]
    /// async fn main() -> mqtt_agent::Result<()> {
    ///     Agent::new("calculator").serve(ConnectOptions::from_env()?).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with every variable that is missing, contradicts another or can't be parsed, and every file
    /// that can't be read within 10 s.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(var_os)
    }

    /// Reads the options from environment variables, except the broker's URL: `MQTT_AGENT_URL` is ignored.
    ///
    /// # Errors
    ///
    /// Those of [`from_env`](Self::from_env).
    pub fn from_env_at(url: impl Into<String>) -> Result<Self> {
        let url = OsString::from(url.into());
        Self::from_variables(|name| if name == URL { Some(url.clone()) } else { var_os(name) })
    }

    fn from_variables(variable: impl Fn(&'static str) -> Option<OsString>) -> Result<Self> {
        Self::read_by(Reader { variable, problems: Vec::new(), patience: PATIENCE })
    }

    fn read_by(mut read: Reader<impl Fn(&'static str) -> Option<OsString>>) -> Result<Self> {
        let url = read.text(URL);
        if url.is_none() && read.problems.is_empty() {
            read.wrong(URL, "is not set; give the broker's address, as `mqtt://localhost:1883`");
        }
        let mut options = Self::new(url.unwrap_or_default());
        options.id = read.text(ID);
        options.instance = read.text(INSTANCE);
        options.namespace = read.text(NAMESPACE);
        options.credentials = read.credentials();
        options.asks_env = true;
        options.tls = read.tls();
        let seconds = read.seconds(CONNECT_TIMEOUT);
        options.connect_timeout = seconds.unwrap_or(options.connect_timeout);
        options.retries_first =
            read.parsed(RETRY, "is neither `true` nor `false`; write one of them").unwrap_or(false);
        options.session_expiry = read.seconds(SESSION_EXPIRY);
        options.will_delay = read.seconds(WILL_DELAY).unwrap_or(options.will_delay);
        options.keep_alive = read.seconds(KEEP_ALIVE);
        let bytes = read.parsed(MAX_PACKET_SIZE, "is no number of bytes; write it as `1048576`");
        options.max_packet_size = bytes.unwrap_or(options.max_packet_size);
        options.call_timeout = read.seconds(CALL_TIMEOUT).unwrap_or(options.call_timeout);
        if read.problems.is_empty() { Ok(options) } else { Err(Error::Invalid(read.problems)) }
    }
}

/// Reads variables, and collects the problems with them.
struct Reader<V> {
    variable: V,
    problems: Vec<Problem>,
    /// How long reading one file may take.
    patience: Duration,
}

impl<V: Fn(&'static str) -> Option<OsString>> Reader<V> {
    /// Values are not printed, because a misplaced variable may contain a password.
    fn wrong(&mut self, name: &str, what: &str) {
        self.problems.push(Problem::new(format!("`{name}` {what}")));
    }

    fn path(&self, name: &'static str) -> Option<PathBuf> {
        (self.variable)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        let value = (self.variable)(name).filter(|value| !value.is_empty())?;
        value.into_string().map_err(|_| self.wrong(name, "is no UTF-8 text; write it in UTF-8")).ok()
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &'static str, wrong: &str) -> Option<T> {
        let text = self.text(name)?;
        text.trim().parse().map_err(|_| self.wrong(name, wrong)).ok()
    }

    fn seconds(&mut self, name: &'static str) -> Option<Duration> {
        const WRONG: &str = "is no number of seconds; write it as `10` or `0.5`";
        let seconds = self.parsed(name, WRONG)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| self.wrong(name, WRONG)).ok()
    }

    fn file(&mut self, name: &'static str, path: &Path) -> Option<Vec<u8>> {
        read_within(path.to_owned(), self.patience)
            .map_err(|error| {
                self.wrong(
                    name,
                    &format!(
                        "names `{}`, which can't be read: {error}; give a file that is there",
                        path.display()
                    ),
                );
            })
            .ok()
    }

    fn credentials(&mut self) -> Option<CredentialSource> {
        let (user, password, file) = (self.text(USERNAME), self.text(PASSWORD), self.path(PASSWORD_FILE));
        match (user, password, file) {
            (None, None, None) => {}
            (Some(user), password, None) => {
                return Some(CredentialSource::Fixed(Credentials::new(user, password.unwrap_or_default())));
            }
            (Some(user), None, Some(file)) => {
                // Now, too: a file that isn't there is known before anything connects.
                self.file(PASSWORD_FILE, &file)?;
                let named = format!("`{PASSWORD_FILE}` (`{}`)", file.display());
                return Some(CredentialSource::File(Arc::new(PasswordFile::new(user, file, named))));
            }
            (Some(_), Some(_), Some(_)) => {
                self.wrong(PASSWORD_FILE, &format!("and `{PASSWORD}` are both set; leave one of them out"));
            }
            (None, Some(_), _) => self.without_user(PASSWORD),
            (None, None, Some(_)) => self.without_user(PASSWORD_FILE),
        }
        None
    }

    fn without_user(&mut self, name: &str) {
        self.wrong(name, &format!("is set and `{USERNAME}` is not; give the user name too"));
    }

    fn tls(&mut self) -> Option<Tls> {
        let ca = self.path(CA_FILE).and_then(|path| self.file(CA_FILE, &path));
        let mut tls = ca.map(|ca| Tls::new().ca_pem(ca));
        match (self.path(CERTIFICATE_FILE), self.path(KEY_FILE)) {
            (None, None) => {}
            (Some(certificate), Some(key)) => {
                let (certificate, key) =
                    (self.file(CERTIFICATE_FILE, &certificate), self.file(KEY_FILE, &key));
                tls = Some(tls.unwrap_or_default().client_certificate(certificate?, key?));
            }
            (Some(_), None) => {
                self.wrong(CERTIFICATE_FILE, &format!("is set and `{KEY_FILE}` is not; give the key too"));
            }
            (None, Some(_)) => {
                self.wrong(
                    KEY_FILE,
                    &format!("is set and `{CERTIFICATE_FILE}` is not; give the certificate too"),
                );
            }
        }
        tls
    }
}

/// Reads a file on a thread of its own, which nothing can interrupt: it may be on a disk that hangs, or a pipe that nobody
/// writes to.
fn read_within(path: PathBuf, patience: Duration) -> io::Result<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    // An error says that nobody waits for it any more.
    let read = move || drop(tell.send(std::fs::read(path)));
    thread::Builder::new().name("mqtt-agent-file".to_owned()).spawn(read)?;
    let late = |_| Err(io::Error::new(io::ErrorKind::TimedOut, "reading it took too long"));
    told.recv_timeout(patience).unwrap_or_else(late)
}

#[cfg(test)]
mod tests;
