//! The log of the command: on stderr, because stdout is for the answer.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs warnings, or what `RUST_LOG` says.
pub(crate) fn to_stderr() {
    let usual = || Targets::new().with_default(LevelFilter::WARN).with_target("rmcp", LevelFilter::ERROR);
    let said = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false);
    // Where somebody logs already, that is as good.
    drop(tracing_subscriber::registry().with(lines).with(said.unwrap_or_else(usual)).try_init());
}
