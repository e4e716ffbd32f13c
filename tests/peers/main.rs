//! Real peers: the reference SDK calls us, we call it, and both serve one tool; the public A2A SDK reads our card.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod card;
mod node;
mod reference_calls_us;
mod replicas;
mod tools;
mod we_call_the_reference;
