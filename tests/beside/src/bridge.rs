//! The bridge: an MCP server, over stdio or Streamable HTTP, whose tools are on the broker.

use mqtt_agent::bridge::{Bridge, Http, RunningBridge};
use tokio::net::TcpListener;

async fn start(broker: &str) -> RunningBridge {
    let bridge = Bridge::new(format!("mqtt://{broker}")).name("echo");
    bridge.start().await.expect("it starts")
}

pub(crate) async fn serve_stdio(broker: &str) {
    start(broker).await.serve_stdio().await.expect("it serves");
}

pub(crate) async fn serve_http(broker: &str) {
    let bridge = start(broker).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    bridge.serve_http(listener, Http::default()).await.expect("it serves");
}
