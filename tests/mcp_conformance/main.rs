//! The fixtures of the MCP conformance suite as tools and skills on MQTT: `mcp-conformance-fixtures URL`. It prints `ready`
//! when it serves. By hand, next to a broker:
//!
//! ```sh
//! cargo run -p mqtt-agent-tests --bin mcp-conformance-fixtures -- mqtt://127.0.0.1:1883
//! mqtt-agent mcp --agents --http 127.0.0.1:8080 --origin http://127.0.0.1:8080 --no-cache
//! tests/node/node_modules/.bin/conformance server --url http://127.0.0.1:8080/mcp --suite all \
//!     --spec-version 2026-07-28 --expected-failures tests/mcp_conformance/expected-2026-07-28.yml
//! ```
//!
//! The suite finds its fixtures by their names. What a skill asks, the bridge asks the host; so the fixtures that ask are
//! skills of an agent `test`, which hosts see as `test_..`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod schemas;
mod skills;
mod tasks;
mod tools;

use mqtt_agent::prelude::*;

use tools::Own;

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("the URL of a broker; give it as the only argument");
    let own = Own::default();
    let agent = Agent::new("test")
        .tools(tools![
            tools::test_simple_text,
            tools::test_image_content,
            tools::test_audio_content,
            tools::test_embedded_resource,
            tools::test_multiple_content_types,
            tools::test_error_handling,
            tools::test_tool_with_progress,
            tools::test_tool_with_logging,
            tools::test_logging_tool,
            tools::test_reconnection,
            tools::test_trigger_tool_change,
            tasks::greet,
        ])
        .tool(schemas::json_schema_2020_12())
        .tool(schemas::with_header())
        .skills(skills![
            skills::elicitation,
            skills::defaults,
            skills::enums,
            skills::streaming,
            skills::input_required,
            skills::request_state,
            skills::multi_round,
            skills::tampered_state,
            skills::capabilities,
            skills::missing_capability,
            tasks::with_task,
        ])
        .state(own.clone());
    let running = agent.start(&url).await.expect("the fixtures are served");
    own.set(running);
    let _tasks = tasks::serve(&url).await.expect("the fixtures are served");
    println!("ready");
    std::future::pending().await
}
