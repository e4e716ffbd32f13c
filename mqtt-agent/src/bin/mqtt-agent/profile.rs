//! [`Profiles`]: named brokers with their credentials, in one of the user's files.

use std::collections::BTreeMap;
use std::env::var_os;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mqtt_agent::{ConnectOptions, Tls};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::folder::user_folder;

/// The variable that names the file.
const FILE: &str = "MQTT_AGENT_CONTEXTS";

/// A broker, and as whom to connect. Passwords are never in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_env: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_file: Option<PathBuf>,
}

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Profile>,
}

impl Profile {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn has_id(&self) -> bool {
        self.id.is_some()
    }

    /// What is wrong with it, before it is kept.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let authority = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        if authority.split('/').next().is_some_and(|authority| authority.contains('@')) {
            return Err(Failure::usage(
                "a context keeps no password, and its URL no user; give `--username` with `--password-file` or `--password-env`",
            ));
        }
        let (scheme, _) = self.url.split_once("://").unwrap_or_default();
        let is_known = ["mqtt", "mqtts", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        if !is_known || authority.is_empty() || authority.starts_with(['/', ':', '?', '#']) {
            let message =
                format!("`{}` is no URL of a broker; write it as `mqtts://broker.example`", self.url);
            return Err(Failure::usage(message));
        }
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return Err(Failure::usage(
                "a certificate needs its key; give `--certificate-file` and `--key-file`",
            ));
        }
        Ok(())
    }

    /// The options with what it says.
    pub(crate) fn apply(self, options: ConnectOptions) -> Result<ConnectOptions, Failure> {
        let Self {
            namespace,
            id,
            username,
            password_file,
            password_env,
            ca_file,
            certificate_file,
            key_file,
            ..
        } = self;
        let mut options = options;
        if let Some(namespace) = namespace {
            options = options.namespace(namespace);
        }
        if let Some(id) = id {
            options = options.id(id);
        }
        if let Some(user) = username {
            options = match (password_file, password_env) {
                (Some(file), _) => {
                    read(&file)?;
                    options.credentials_from_file(user, file)
                }
                (None, Some(variable)) => match std::env::var(&variable) {
                    Ok(password) => options.credentials(user, password),
                    Err(_) => {
                        let message = format!(
                            "the context takes its password from `{variable}`, which is not set; set it"
                        );
                        return Err(Failure::usage(message));
                    }
                },
                (None, None) => options.credentials(user, ""),
            };
        }
        let mut tls = None;
        if let Some(file) = &ca_file {
            tls = Some(Tls::new().ca_pem(read(file)?));
        }
        if let (Some(certificate), Some(key)) = (&certificate_file, &key_file) {
            tls = Some(tls.unwrap_or_default().client_certificate(read(certificate)?, read(key)?));
        }
        Ok(match tls {
            Some(tls) => options.tls(tls),
            None => options,
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        let file = file.display();
        Failure::usage(format!(
            "the context names `{file}`, which cannot be read: {error}; mend it by `context add`"
        ))
    })
}

impl Profiles {
    /// What there is; nothing where there is no file.
    pub(crate) fn read() -> Result<Self, Failure> {
        let Some(file) = file() else { return Ok(Self::default()) };
        let shown = file.display();
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::usage(format!("`{shown}` cannot be read: {error}; look at its owner")));
            }
        };
        serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("`{shown}` has no contexts: {error}; mend or remove it")))
    }

    /// Writes all of them, as a whole or not at all.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let Some(file) = file() else {
            return Err(Failure::usage(format!("there is no folder for contexts; set `HOME` or `{FILE}`")));
        };
        let failed = |error: io::Error| {
            Failure::failed(format!("`{}` cannot be written: {error}; look at its folder", file.display()))
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        let beside = file.with_extension(format!("{}.new", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&beside).and_then(|mut new| {
            new.write_all(text.as_bytes())?;
            new.sync_all()?;
            std::fs::rename(&beside, &file)
        });
        if written.is_err() {
            // What is left of it is no use.
            drop(std::fs::remove_file(&beside));
        }
        written.map_err(failed)
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Result<Profile, Failure> {
        self.contexts.get(name).cloned().ok_or_else(|| {
            let names: Vec<_> = self.contexts.keys().map(|name| format!("`{name}`")).collect();
            let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Failure::usage(format!(
                "there is no context `{name}`, there are {known}; `mqtt-agent context add` makes one"
            ))
        })
    }

    /// The one that `context use` chose.
    pub(crate) fn current(&self) -> Result<Option<Profile>, Failure> {
        self.current.as_deref().map(|name| self.get(name)).transpose()
    }
}

/// Where they are: `MQTT_AGENT_CONTEXTS`, else in the user's folder of settings.
fn file() -> Option<PathBuf> {
    if let Some(file) = var_os(FILE).filter(|file| !file.is_empty()) {
        return Some(file.into());
    }
    Some(user_folder("XDG_CONFIG_HOME", "APPDATA", ".config")?.join("contexts.json"))
}
