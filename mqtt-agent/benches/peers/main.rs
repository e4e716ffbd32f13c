//! What a call costs beside a hand-made loop, a bare echo and the reference SDK, on Mosquitto, in one run.
//!
//! ```text
//! cargo bench -p mqtt-agent --bench peers
//! cargo bench -p mqtt-agent --bench peers -- quick calls big
//! cargo bench -p mqtt-agent --bench peers --bench allocations
//! ```
//!
//! Sections: `calls`, `depth`, `partials`, `memory` and `big`; all of them where none is named. The bench `allocations` is
//! one more, in a program of its own. `quick`
//! runs one short round, `rounds=7` and `millis=1500` set how many and how long. It starts Mosquitto on free ports of
//! loopback. The reference SDK takes part where Node.js is there and `npm install --prefix tests/node` was run.
//!
//! Every server and every client is a process of its own. The rounds of all of them alternate, so that whatever else the
//! machine does hits all alike; compare figures of one run only.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod bare;
mod broker;
mod callers;
mod contestant;
mod floor;
mod measure;
mod node;
mod options;
mod ours;
mod proc;
mod process;
mod roles;
mod sections;
mod table;

fn main() -> std::process::ExitCode {
    sections::main(None)
}
