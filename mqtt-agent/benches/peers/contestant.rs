//! Those that are compared: a server and a client each, in processes of their own.

use std::net::SocketAddr;
use std::process::Command;

use crate::node;
use crate::process::Process;
use crate::roles::MARK;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Floor,
    Bare,
    BareOneThread,
    Ours,
    OursOneThread,
    Reference,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Floor, Self::Bare, Self::BareOneThread, Self::Ours, Self::OursOneThread, Self::Reference];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "hand-made loop",
            Self::Bare => "bare rumqttc",
            Self::BareOneThread => "bare rumqttc, one thread",
            Self::Ours => "mqtt-agent",
            Self::OursOneThread => "mqtt-agent, one thread",
            Self::Reference => "reference SDK (Node)",
        }
    }

    fn role(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Bare => "bare",
            Self::BareOneThread => "bare-one",
            Self::Ours => "ours",
            Self::OursOneThread => "ours-one",
            Self::Reference => "reference",
        }
    }

    fn process(self, side: &str, address: SocketAddr) -> Result<Process, String> {
        if self == Self::Reference {
            return Process::start(node::command(side, address)?);
        }
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args([MARK, &format!("{}-{side}", self.role()), &address.to_string()]);
        Process::start(command)
    }
}

pub(crate) struct Contestant {
    pub(crate) kind: Kind,
    pub(crate) server: Process,
    pub(crate) client: Process,
    /// It did not say what was expected, and is asked no more.
    pub(crate) broken: bool,
}

impl Contestant {
    pub(crate) fn start(kind: Kind, address: SocketAddr) -> Result<Self, String> {
        let server = kind.process("server", address)?;
        let client = kind.process("client", address)?;
        Ok(Self { kind, server, client, broken: false })
    }
}
