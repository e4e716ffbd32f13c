//! Durations as text.

use std::time::Duration;

use mqtt_agent::prelude::*;
use serde_json::json;
use support::on_each_broker;

/// Waits.
#[tool]
fn pause(
    /// How long.
    #[arg(duration = "text", default = "5s")]
    length: Duration,
    #[arg(duration = "iso8601", example = "PT1M")] delay: Option<Duration>,
) -> String {
    format!("{length:?} {delay:?}")
}

/// Clocks.
#[remote]
trait Clock {
    /// Waits, somewhere else.
    async fn rest(
        &self,
        #[arg(duration = "text")] length: Duration,
        #[arg(duration = "iso8601")] delay: Option<Duration>,
    ) -> Result<String, String>;
}

struct Here;

#[agent(id = "resting")]
impl Clock for Here {
    async fn rest(&self, length: Duration, delay: Option<Duration>) -> Result<String, String> {
        Ok(format!("{length:?} {delay:?}"))
    }
}

on_each_broker! {
    async fn mcp_8_a_duration_is_a_text_and_another_text_is_refused(broker) {
        let agent = Agent::new("pausing").tools(tools![pause]).start(&broker.url()).await.unwrap();
        let client = agent.client();
        for (arguments, paused) in [
            (json!({}), "5s None"),
            (json!({"length": "1m30s", "delay": "PT0.5S"}), "90s Some(500ms)"),
            (json!({"length": "250ms", "delay": null}), "250ms None"),
        ] {
            assert_eq!(client.call("pause", &arguments).await.unwrap(), paused, "{arguments}");
        }
        for arguments in [json!({"length": "5 minutes"}), json!({"length": 5}), json!({"delay": "5s"}), json!({"length": {"secs": 1, "nanos": 0}})] {
            let error = client.call("pause", &arguments).await.unwrap_err().to_string();
            assert!(error.contains("length") || error.contains("delay"), "{error}");
        }
        let card = client.tool("pause").await.unwrap().unwrap();
        let schema = &card.input_schema["properties"];
        assert_eq!((&schema["length"]["type"], &schema["length"]["default"]), (&json!("string"), &json!("5s")));
        assert_eq!((&schema["delay"]["format"], &schema["delay"]["examples"]), (&json!("duration"), &json!(["PT1M"])));
        drop(client);
        agent.stop().await;
    }

    async fn a_remote_sends_a_duration_as_its_server_takes_it(broker) {
        let agent = Agent::of(Here).start(&broker.url()).await.unwrap();
        let clock = ClockRemote::new(&agent.client());
        assert_eq!(clock.rest(Duration::from_millis(1500), Some(Duration::from_secs(60))).await.unwrap(), "1.5s Some(60s)");
        assert_eq!(clock.rest(Duration::ZERO, None).await.unwrap(), "0ns None");
        agent.stop().await;
    }
}
