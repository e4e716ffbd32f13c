//! What some work takes: time, CPU time and memory, of this process, of what serves it and of the broker.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mqtt_agent::ConnectOptions;
use mqtt_agent::prelude::{Deserialize, Serialize};
use mqtt_agent::serde;

use crate::Peer;
use crate::proc::{cpu, memory};

/// Where a row is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    /// The broker's process.
    pub(crate) broker: u32,
}

impl Site {
    pub(crate) fn options(self) -> ConnectOptions {
        // The largest that MQTT has: one section calls with 100 MB.
        ConnectOptions::new(format!("mqtt://{}", self.address)).max_packet_size(268_435_455)
    }
}

/// What was measured; NaN does not go through JSON, so what there is none of is 0.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(crate = "serde")]
pub(crate) struct Measure {
    pub(crate) what: String,
    pub(crate) ms: f64,
    pub(crate) cpu_ms: f64,
    pub(crate) peer_cpu_ms: f64,
    pub(crate) broker_cpu_ms: f64,
    /// More than before.
    pub(crate) megabytes: f64,
    pub(crate) peer_megabytes: f64,
}

/// Measures from its beginning to its end.
pub(crate) struct Probe {
    began: Instant,
    pids: [Option<u32>; 3],
    cpu: [u64; 3],
    memory: [f64; 2],
}

impl Probe {
    pub(crate) fn begin(site: Site, peer: Option<&Peer>) -> Self {
        let pids = [Some(std::process::id()), peer.map(Peer::id), Some(site.broker)];
        let memory = [pids[0], pids[1]].map(|pid| resident(pid, "VmRSS"));
        Self { cpu: pids.map(used), pids, memory, began: Instant::now() }
    }

    /// What there is more now, in memory.
    pub(crate) fn end(self, what: &str) -> Measure {
        self.ended(what, "VmRSS")
    }

    /// What there was more at the most.
    pub(crate) fn end_at_most(self, what: &str) -> Measure {
        self.ended(what, "VmHWM")
    }

    fn ended(self, what: &str, field: &str) -> Measure {
        let took = self.began.elapsed();
        // What is on its way when the last of it is seen: acknowledgements, and buffers that are given back.
        std::thread::sleep(Duration::from_millis(100));
        let cpu_ms = |which: usize| (used(self.pids[which]).saturating_sub(self.cpu[which])) as f64 / 1e6;
        let megabytes =
            |which: usize| (resident(self.pids[which], field) - self.memory[which]).max(0.0) / 1e6;
        Measure {
            what: what.to_owned(),
            ms: took.as_secs_f64() * 1e3,
            cpu_ms: cpu_ms(0),
            peer_cpu_ms: cpu_ms(1),
            broker_cpu_ms: cpu_ms(2),
            megabytes: megabytes(0),
            peer_megabytes: megabytes(1),
        }
    }
}

fn used(pid: Option<u32>) -> u64 {
    pid.and_then(cpu).unwrap_or(0)
}

fn resident(pid: Option<u32>, field: &str) -> f64 {
    pid.and_then(|pid| memory(pid, field)).unwrap_or(0.0)
}
