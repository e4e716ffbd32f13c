//! `mqtt-agent mcp`: serves the tools on the broker to an MCP host.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use mqtt_agent::bridge::{Bridge, Expose, Http, OAuth, RunningBridge, Tokens};
use tokio::net::TcpListener;

use serde_json::json;

use crate::exit::Failure;
use crate::folder::user_folder;
use crate::log;
use crate::settings::Settings;
use crate::signals;

pub(crate) async fn run(matches: &ArgMatches, settings: &Settings) -> Result<(), Failure> {
    log::to_stderr();
    let http = match matches.get_one::<String>("http") {
        Some(address) => Some((listen(address).await?, http(matches)?)),
        None => None,
    };
    // Being told to stop is how it ends.
    let bridge = tokio::select! {
        biased;
        () = signals::asked_to_end() => return Ok(()),
        bridge = bridge(matches, settings)?.start() => bridge?,
    };
    let ended = tokio::select! {
        ended = serve(&bridge, http, settings) => ended,
        () = signals::asked_to_end() => Ok(()),
    };
    bridge.stop().await;
    ended
}

async fn serve(
    bridge: &RunningBridge,
    http: Option<(TcpListener, Http)>,
    settings: &Settings,
) -> Result<(), Failure> {
    let Some((listener, http)) = http else { return Ok(bridge.serve_stdio().await?) };
    let failed = |error: std::io::Error| Failure::failed(error.to_string());
    let url = format!("http://{}/mcp", listener.local_addr().map_err(failed)?);
    let announced = async {
        settings.output().answer(&json!({ "url": url }), || url.clone())?;
        std::future::pending().await
    };
    // A listener that is refused is told before it is announced.
    tokio::select! {
        biased;
        served = bridge.serve_http(listener, http) => Ok(served?),
        failed = announced => failed,
    }
}

async fn listen(address: &str) -> Result<TcpListener, Failure> {
    let failed =
        |error| Failure::failed(format!("`{address}` cannot be listened on: {error}; give another address"));
    TcpListener::bind(address).await.map_err(failed)
}

fn http(matches: &ArgMatches) -> Result<Http, Failure> {
    let some = |name: &str| matches.get_many::<String>(name).into_iter().flatten().cloned();
    let http = some("host").fold(Http::new(), Http::host);
    let http = some("origin").fold(http, Http::origin);
    let one = |name: &str| matches.get_one::<String>(name);
    if let (Some(issuer), Some(resource), Some(keys)) = (one("oauth"), one("resource"), one("jwks")) {
        let mut oauth = OAuth::new(issuer, resource, keys)?;
        if let Some(claim) = one("claim") {
            oauth = oauth.claim(claim);
        }
        if let Some(scope) = one("scope") {
            oauth = oauth.scope(scope);
        }
        return Ok(http.oauth(oauth));
    }
    Ok(match matches.get_one::<PathBuf>("tokens") {
        Some(file) => http.tokens(Tokens::from_file(file)?),
        None => http,
    })
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
    if matches.get_flag("agents") {
        bridge = bridge.agents();
    }
    bridge = bridge.expose(match matches.get_one::<String>("expose").map(String::as_str) {
        Some("search") => Expose::Search,
        Some("auto") => Expose::Auto,
        _ => Expose::Direct,
    });
    for (name, set) in [
        ("timeout", Bridge::timeout as fn(Bridge, Duration) -> Bridge),
        ("longest", Bridge::longest),
        ("task-after", Bridge::task_after),
        ("handle-after", Bridge::handle_after),
        ("keep", Bridge::keep),
    ] {
        bridge = match time(name) {
            Some(time) => set(bridge, time),
            None => bridge,
        };
    }
    // Where programs of this user keep what they can do without.
    let folder = user_folder("XDG_CACHE_HOME", "LOCALAPPDATA", ".cache");
    Ok(match (matches.get_one::<PathBuf>("cache"), folder) {
        _ if matches.get_flag("no-cache") => bridge,
        (Some(file), _) => bridge.cache(file),
        (None, Some(folder)) => bridge.cache_in(folder),
        (None, None) => bridge,
    })
}
