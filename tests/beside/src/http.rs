//! rmcp, over Streamable HTTP and stdio, and a JSON POST to axum.

use axum::routing::post;
use axum::{Json, Router};
use rmcp::handler::server::{router::tool::ToolRouter, wrapper::Parameters};
use rmcp::model::{CallToolRequestParams, ClientConfig, ServerCapabilities, ServerConfig};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess, stdio};
use rmcp::{Peer, RoleClient, ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use crate::call::{Order, Outcome, run};

#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Echo {
    text: String,
}

#[derive(Debug, Clone)]
struct Server {
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Server {
    #[tool(description = "Gives back what it gets")]
    fn echo(&self, Parameters(Echo { text }): Parameters<Echo>) -> String {
        text
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

async fn listen(router: Router) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    axum::serve(axum::serve::ListenerExt::tap_io(listener, |tcp| drop(tcp.set_nodelay(true))), router)
        .await
        .expect("it serves");
}

pub(crate) async fn serve_rmcp() {
    // Made once and cloned, so that it is not made for each request.
    let server = Server { tool_router: Server::tool_router() };
    let service: StreamableHttpService<Server, LocalSessionManager> = StreamableHttpService::new(
        move || Ok(server.clone()),
        Default::default(),
        StreamableHttpServerConfig::default(),
    );
    listen(Router::new().nest_service("/mcp", service)).await;
}

pub(crate) async fn call_rmcp(address: &str, order: &Order) -> Outcome {
    let config = StreamableHttpClientTransportConfig::with_uri(format!("http://{address}/mcp"));
    let client = ClientConfig::default()
        .serve(StreamableHttpClientTransport::from_config(config))
        .await
        .expect("a client");
    calls(client.peer().clone(), order).await
}

pub(crate) async fn serve_rmcp_over_stdio() {
    let server = Server { tool_router: Server::tool_router() };
    server.serve(stdio()).await.expect("a client").waiting().await.expect("it serves");
}

/// Calls the tool of an MCP server that is started for this, as MCP hosts do. It counts among the servers.
pub(crate) async fn call_over_stdio(role: &str, address: &str, order: &Order) -> Outcome {
    let mut command = tokio::process::Command::new(std::env::current_exe().expect("this program"));
    command.args(["serve", role, address, "0"]);
    let server = TokioChildProcess::new(command).expect("it starts");
    let order = order.clone().with_server(server.id().expect("it runs"));
    let client = ClientConfig::default().serve(server).await.expect("a client");
    calls(client.peer().clone(), &order).await
}

async fn calls(peer: Peer<RoleClient>, order: &Order) -> Outcome {
    let call = async |peer: &Peer<RoleClient>, text: String| {
        let arguments = json!({"text": text}).as_object().cloned().unwrap_or_default();
        let result = peer.call_tool(CallToolRequestParams::new("echo").with_arguments(arguments)).await;
        let value = serde_json::to_value(result.expect("an answer")).expect("JSON");
        value["content"][0]["text"].as_str().expect("a text").len()
    };
    // A server that was started for this is not measured while it starts.
    call(&peer, "first".to_owned()).await;
    run(order, move |text| {
        let peer = peer.clone();
        async move { call(&peer, text).await }
    })
    .await
}

pub(crate) async fn serve_axum() {
    listen(Router::new().route("/echo", post(async |Json(echo): Json<Echo>| Json(echo)))).await;
}

pub(crate) async fn call_axum(address: &str, order: &Order) -> Outcome {
    let (client, url) = (reqwest::Client::new(), format!("http://{address}/echo"));
    run(order, move |text| {
        let request = client.post(&url).json(&Echo { text });
        async move { request.send().await.expect("an answer").json::<Echo>().await.expect("JSON").text.len() }
    })
    .await
}
