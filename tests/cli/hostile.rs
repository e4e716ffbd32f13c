//! Cards that others wrote: what breaks clients, and what would move a terminal's cursor.

use serde_json::{Value, json};
use support::{RawPeer, on_each_broker};

use crate::command::run;

async fn retained(url: &str, tool: &str, card: &Value) -> RawPeer {
    let mut peer = RawPeer::connect(url, "peer").await;
    peer.retain(&format!("a2a/v1/mcp/tools/{tool}/card"), card.to_string()).await;
    peer
}

on_each_broker! {
    async fn lint_names_what_breaks_a_client_and_what_to_change(broker) {
        let schema = json!({"type": "object", "properties": {"any": true}});
        let _peer = retained(&broker.url(), "odd", &json!({"tool": "odd", "description": "Takes anything.", "input_schema": schema, "status": "online"})).await;
        for line in [&["lint", "--json"][..], &["lint", "odd", "--json"]] {
            let ended = run(broker, line).await;
            assert_eq!(ended.error(1)["type"], "failed");
            let found = ended.values().into_iter().find(|value| value["rule"] == "boolean-property");
            let found = found.unwrap_or_else(|| panic!("{ended:?}"));
            assert_eq!((&found["tool"], &found["severity"]), (&json!("odd"), &json!("error")));
            assert_eq!((&found["dialect"], &found["pointer"]), (&json!("MCP"), &json!("/input_schema/properties/any")));
        }
        assert_eq!(run(broker, &["lint", "missing", "--json"]).await.error(3)["type"], "unavailable");
    }

    async fn control_characters_of_a_card_do_not_reach_the_terminal(broker) {
        let description = "\u{1b}]0;title\u{7} \u{202e}drow";
        let _peer = retained(&broker.url(), "odd", &json!({"tool": "odd", "description": description, "status": "online"})).await;
        let text = run(broker, &["tools"]).await;
        assert_eq!(text.done(), r"odd  \u{1b}]0;title\u{7} \u{202e}drow");
        // The same text in JSON, whatever is escaped there.
        let json = run(broker, &["tools", "--json"]).await;
        assert!(!json.stdout.contains('\u{202e}'), "{json:?}");
        assert_eq!(json.values()[0]["tools"][0]["description"], description);
    }

    async fn any_schema_makes_options_and_none_of_them_ends_the_command(broker) {
        let schema = json!({"type": "object", "properties": {
            "a b": {"type": "string"}, "--x": {}, "": {}, "help": {"type": "string"}, "arg-help": {"type": "string"},
            "loop": {"$ref": "#/properties/loop"}, "list": {"type": "array", "items": {"$ref": "#/properties/list"}},
            "either": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "no": false, "h": {"type": 7},
        }, "required": "all"});
        let _peer = retained(&broker.url(), "odd", &json!({"tool": "odd", "input_schema": schema, "status": "online"})).await;
        let help = run(broker, &["call", "odd", "--help"]).await;
        assert!(help.done().contains("--either <NUMBER>"), "{help:?}");
        assert!(help.done().contains("--arg-help <TEXT>"), "{help:?}");
        let shown = run(broker, &["show", "odd"]).await;
        assert!(shown.done().contains("mqtt-agent call odd"), "{shown:?}");
    }
}
