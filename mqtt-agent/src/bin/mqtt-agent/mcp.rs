//! `mqtt-agent mcp`: the tools on the broker for an MCP host.

use std::env::var_os;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use mqtt_agent::bridge::{Bridge, RunningBridge};

use crate::exit::Failure;
use crate::log;
use crate::settings::Settings;
use crate::signals;

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    log::to_stderr();
    let bridge = bridge(matches, settings)?.start().await?;
    // Being told to stop is how it ends.
    let ended = tokio::select! {
        ended = serve(&bridge) => ended,
        () = signals::asked_to_end() => Ok(()),
    };
    bridge.stop().await;
    ended
}

async fn serve(bridge: &RunningBridge) -> Result<(), Failure> {
    Ok(bridge.serve_stdio().await?)
}

fn bridge(matches: &ArgMatches, settings: &Settings) -> Result<Bridge, Failure> {
    let some = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned();
    let time = |name: &str| matches.get_one::<Duration>(name).copied();
    let mut bridge = Bridge::new(settings.options()?);
    bridge = some("name").fold(bridge, Bridge::name);
    bridge = some("tag").fold(bridge, Bridge::tag);
    bridge = some("server").fold(bridge, Bridge::server);
    if matches.contains_id("allow") {
        bridge = bridge.allow(some("allow"));
    }
    if matches.get_flag("read-only") {
        bridge = bridge.read_only();
    }
    for (name, set) in [
        ("timeout", Bridge::timeout as fn(Bridge, Duration) -> Bridge),
        ("longest", Bridge::longest),
        ("keep", Bridge::keep),
    ] {
        bridge = match time(name) {
            Some(time) => set(bridge, time),
            None => bridge,
        };
    }
    Ok(match (matches.get_one::<PathBuf>("cache"), cache_folder()) {
        _ if matches.get_flag("no-cache") => bridge,
        (Some(file), _) => bridge.cache(file),
        (None, Some(folder)) => bridge.cache_in(folder),
        (None, None) => bridge,
    })
}

/// Where programs of this user keep what they can do without.
fn cache_folder() -> Option<PathBuf> {
    let folder = |name: &str| var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let local = if cfg!(windows) { folder("LOCALAPPDATA") } else { None };
    let home = || folder("HOME").map(|home| home.join(".cache"));
    Some(folder("XDG_CACHE_HOME").or(local).or_else(home)?.join("mqtt-agent"))
}
