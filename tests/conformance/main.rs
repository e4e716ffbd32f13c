//! The contract on the wire, line by line: each test carries the identifier of the line that it proves.
//!
//! The same tests run on the embedded broker, and with the feature `peers` on Mosquitto.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agent_parts;
mod agent_presence;
mod agents;
mod calls;
mod cards;
mod chunks;
mod combinators;
mod computing;
mod content;
mod contexts;
mod denied;
mod discovery;
mod dynamic_tools;
mod embedding;
mod errors;
mod hostile;
mod hostile_tasks;
mod lacking;
mod layers;
mod least_rights;
mod leftovers;
mod limits;
mod listings;
mod load;
mod log;
mod logs;
mod many_tools;
mod message_sizes;
mod messages;
mod nested;
mod own_retained;
mod persistent;
mod presence;
mod published;
mod questions;
mod reconnect;
mod refused;
mod remotes;
mod replicas;
mod retries;
mod session;
mod skills;
mod start;
mod statistics;
mod stop;
mod streams;
mod tasks;
mod testing;
mod tolerance;
mod tools;
mod topics;
mod values;
mod wire_page;
