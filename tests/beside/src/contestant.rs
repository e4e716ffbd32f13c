//! Those that are compared: servers, a broker where there is one, and a client for each measured time.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::broker::{Broker, Config};
use crate::call::Outcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Rmcp,
    Axum,
    Nats,
    RmcpStdio,
    BridgeStdio,
    BridgeHttp,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Ours, Self::Rmcp, Self::Axum, Self::Nats];

    /// The bridge, and an rmcp server that has the same tool itself.
    pub(crate) const MCP: [Self; 4] = [Self::RmcpStdio, Self::BridgeStdio, Self::Rmcp, Self::BridgeHttp];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "mqtt-agent, Mosquitto",
            Self::Rmcp => "rmcp, Streamable HTTP",
            Self::Axum => "axum and reqwest, JSON POST",
            Self::Nats => "async-nats, nats-server",
            Self::RmcpStdio => "rmcp, stdio",
            Self::BridgeStdio => "bridge, stdio, Mosquitto",
            Self::BridgeHttp => "bridge, Streamable HTTP, Mosquitto",
        }
    }

    fn role(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Rmcp => "rmcp",
            Self::Axum => "axum",
            Self::Nats => "nats",
            Self::RmcpStdio => "rmcp-stdio",
            Self::BridgeStdio => "bridge-stdio",
            Self::BridgeHttp => "bridge-http",
        }
    }

    /// Who serves the tool, in processes that are started before the client. An MCP server over stdio is the client's child.
    fn server(self) -> Option<&'static str> {
        match self {
            Self::RmcpStdio => None,
            Self::BridgeStdio | Self::BridgeHttp => Some(Self::Ours.role()),
            kind => Some(kind.role()),
        }
    }

    fn is_on_mqtt(self) -> bool {
        matches!(self, Self::Ours | Self::BridgeStdio | Self::BridgeHttp)
    }
}

/// A process that ends when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub(crate) struct Contestant {
    kind: Kind,
    replicas: usize,
    servers: Vec<Process>,
    address: String,
    broker: Option<u32>,
    _mosquitto: Option<Broker>,
    _nats: Option<Process>,
}

impl Contestant {
    pub(crate) fn start(kind: Kind, replicas: usize) -> Result<Self, String> {
        let mosquitto = kind.is_on_mqtt().then(|| Broker::start(Config::Tuned)).transpose()?;
        let nats = if kind == Kind::Nats { Some(nats_server()?) } else { None };
        let mut address = match (&mosquitto, &nats) {
            (Some(broker), _) => broker.address().to_string(),
            (_, Some((_, address))) => address.clone(),
            _ => "-".to_owned(),
        };
        let broker = mosquitto.as_ref().map(Broker::pid).or(nats.as_ref().map(|(process, _)| process.0.id()));
        let mut servers = Vec::new();
        for number in 0..replicas {
            let Some(server) = kind.server() else { continue };
            let (process, line) = served(server, &address, number)?;
            servers.push(process);
            // The port that it listens on, where there is no broker.
            if broker.is_none() {
                address = line;
            }
        }
        if kind == Kind::BridgeHttp {
            let (process, line) = served(kind.role(), &address, 0)?;
            servers.push(process);
            address = line;
        }
        Ok(Self {
            kind,
            replicas,
            servers,
            address,
            broker,
            _mosquitto: mosquitto,
            _nats: nats.map(|(process, _)| process),
        })
    }

    pub(crate) fn name(&self) -> String {
        match self.replicas {
            1 => self.kind.name().to_owned(),
            many => format!("{}, {many} replicas", self.kind.name()),
        }
    }

    pub(crate) fn call(&self, callers: usize, bytes: usize, ms: u64) -> Result<Outcome, String> {
        let servers: Vec<String> = self.servers.iter().map(|server| server.0.id().to_string()).collect();
        let pids =
            format!("{};{}", servers.join(","), self.broker.map_or_else(String::new, |pid| pid.to_string()));
        let numbers = [callers.to_string(), bytes.to_string(), ms.to_string()];
        let output = this_program(&["call", self.kind.role(), &self.address, &pids])
            .args(numbers)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        serde_json::from_str(text.trim()).map_err(|error| format!("it said `{text}`: {error}"))
    }
}

/// Starts a server, and waits for the line in which it says that it serves.
fn served(role: &str, address: &str, number: usize) -> Result<(Process, String), String> {
    let mut child = this_program(&["serve", role, address, &number.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("piped"))
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    Ok((Process(child), line.trim().to_owned()))
}

fn this_program(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(arguments);
    command
}

fn nats_server() -> Result<(Process, String), String> {
    let program = std::env::var("NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    let address = free.local_addr().map_err(|error| error.to_string())?;
    drop(free);
    let spawned = Command::new(&program)
        .args(["-a", "127.0.0.1", "-p", &address.port().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let process = Process(spawned.map_err(|error| format!("`{program}`: {error}; install `nats-server`"))?);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        if Instant::now() > deadline {
            return Err("nats-server did not open its port within 10 s".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((process, address.to_string()))
}
