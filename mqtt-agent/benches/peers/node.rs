//! The reference SDK, on Node.js.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// How `side` is started, or what is missing.
pub(crate) fn command(side: &str, address: SocketAddr) -> Result<Command, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/node");
    if !folder.join("bench.mjs").exists() {
        return Err("`tests/node/bench.mjs` is missing: run it from a checkout of the repository".to_owned());
    }
    let version = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return Err("Node.js is missing: install `node`".to_owned());
    }
    if !folder.join("node_modules/@cloudsignal/mcp-over-mqtt").exists() {
        return Err("its packages are missing: run `npm install --prefix tests/node`".to_owned());
    }
    let mut command = Command::new("node");
    command.current_dir(folder).args(["bench.mjs", side, &format!("mqtt://{address}")]);
    Ok(command)
}
