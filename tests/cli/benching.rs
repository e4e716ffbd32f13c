//! `bench`: times and errors of many calls.

use serde_json::json;
use support::{on_each_broker, soon};

use crate::command::{Running, run};
use crate::served::station;

on_each_broker! {
    async fn as_many_calls_as_are_asked_for_are_timed(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let line = ["bench", "weather", r#"{"city": "Oslo"}"#, "--calls", "50", "--parallel", "8", "--json"];
        let ended = run(broker, &line).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let told = &ended.values()[0];
        assert_eq!((&told["tool"], &told["ok"], &told["errors"]), (&json!("weather"), &json!(50), &json!({})));
        let ms = |name: &str| told["ms"][name].as_f64().unwrap();
        assert!(0.0 < ms("p50") && ms("p50") <= ms("p95") && ms("p95") <= ms("p99") && ms("p99") <= ms("max"), "{told}");
        let stats = run(broker, &["stats", "station", "--json"]).await.values().remove(0);
        assert_eq!(stats["tools"]["weather"]["calls"], 50);
        agent.stop().await;
    }

    async fn errors_are_counted_by_type_and_the_first_is_told(broker) {
        let (agent, _heard) = station(&broker.url()).await;
        let ended = run(broker, &["bench", "broken", "--calls", "3", "--json"]).await;
        assert_eq!(ended.values()[0]["errors"], json!({"failed": 3}), "{ended:?}");
        assert_eq!(ended.error(1)["code"], "station");
        assert_eq!(run(broker, &["bench", "missing", "--json"]).await.error(3)["type"], "unavailable");
        agent.stop().await;
    }

    async fn ctrl_c_cancels_what_runs_and_tells_what_there_is(broker) {
        let (agent, mut heard) = station(&broker.url()).await;
        let mut bench = Running::start(Some(&broker.url()), &["bench", "hold", "--json"]);
        assert_eq!(soon(heard.recv()).await, Some("began"));
        bench.signal("-INT").await;
        assert_eq!(bench.next().await["ok"], 0);
        assert_eq!(soon(heard.recv()).await, Some("dropped"));
        assert_eq!(bench.ended().await, Some(130));
        agent.stop().await;
    }
}
