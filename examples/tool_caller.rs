//! Calls one tool on a broker of your own, prints its partial results and its result.
//!
//! ```text
//! cargo run --example tool_caller mqtt://localhost:1883 add '{"a": 1, "b": 2}'
//! ```
//!
//! You learn: a client without an agent, a streamed call, and what its errors say.

use std::process::ExitCode;

use mqtt_agent::prelude::*;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, tool, json] = arguments.as_slice() else {
        eprintln!(
            "usage: tool_caller URL TOOL JSON, as in: tool_caller mqtt://localhost:1883 add '{{\"a\": 1, \"b\": 2}}'"
        );
        return ExitCode::from(2);
    };
    match call(url, tool, json).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn call(url: &str, tool: &str, json: &str) -> Result<(), Box<dyn std::error::Error>> {
    let arguments: serde_json::Value = serde_json::from_str(json)?;
    let client = Client::connect(url).await?;
    let mut stream = client.call(tool, arguments).stream().await?;
    while let Some(partial) = stream.next().await {
        println!("partial {partial}");
    }
    println!("{}", stream.finish().await?);
    client.close().await;
    Ok(())
}
