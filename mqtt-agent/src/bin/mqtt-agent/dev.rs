//! `mqtt-agent dev`: a broker for development.

use std::net::Ipv4Addr;

use clap::ArgMatches;
use mqtt_agent::broker::Broker;
use serde_json::json;

use crate::exit::Failure;
use crate::settings::Settings;
use crate::signals;

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    let port = matches.get_one::<u16>("port").copied().unwrap_or(1883);
    let broker = start(port, "`--port 0` takes a free one").await?;
    let url = broker.url();
    settings.output().answer(&json!({ "url": url }), || {
        format!("a broker for development listens on {url}; everything is forgotten when it ends (Ctrl-C)")
    })?;
    signals::asked_to_end().await;
    broker.stop().await;
    Ok(())
}

/// Starts it on this host. `else_` is what helps where the port is taken.
pub(crate) async fn start(port: u16, else_: &str) -> Result<Broker, Failure> {
    let broker = Broker::start_at((Ipv4Addr::LOCALHOST, port).into()).await;
    broker.map_err(|error| Failure::failed(format!("{error} {else_}")))
}
