//! Real peers: the reference SDK calls us, we call it, and both serve one tool; strict v0.1 peers in Python, which know no
//! addition of ours, do everything with us; the public A2A SDK reads our card.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod card;
mod peer;
mod python_agents;
mod python_example;
mod python_tools;
mod reference_calls_us;
mod replicas;
mod tools;
mod we_call_the_reference;
