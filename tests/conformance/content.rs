//! Content beside a result: texts, images, audio, bytes and links (`MCP-21`).

use mqtt_agent::prelude::*;
use mqtt_agent::wire::{BlockContent, ContentBlock, Resource, ResourceBody};
use mqtt_agent::{CallError, Content};
use serde_json::Value;
use support::{RawPeer, json, on_each_broker, reply_to, soon};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Sales {
    total: u64,
}

fn blocks() -> Vec<ContentBlock> {
    let page = Resource {
        uri: "file:///page".to_owned(),
        media_type: Some("text/html".to_owned()),
        body: ResourceBody::Text("<p>".to_owned()),
    };
    vec![
        ContentBlock::text("first"),
        ContentBlock::image(vec![0, 1, 2], "image/png"),
        ContentBlock::audio(vec![255; 5], "audio/wav"),
        ContentBlock::link("file:///a", "a"),
        ContentBlock::bytes("file:///b", vec![7], "application/pdf"),
        ContentBlock::new(BlockContent::Resource(page)),
        ContentBlock::text("last"),
    ]
}

/// Gives one block of each kind.
#[tool]
async fn each_kind() -> Content {
    blocks().into_iter().fold(Content::new(), Content::with)
}

/// Gives a value and an image.
#[tool]
fn chart(fails: bool) -> Result<Content<Sales>, String> {
    if fails {
        return Err("no sales yet".to_owned());
    }
    Ok(Content::of(Sales { total: 7 }).with_image(vec![1], "image/png"))
}

/// Gives an image alone.
#[tool(blocking)]
fn image() -> Content {
    Content::new().with_image(vec![1; 4], "image/png")
}

/// Gives a value alone.
#[tool]
async fn plain() -> Sales {
    Sales { total: 9 }
}

/// Gives an image of some size.
#[tool]
async fn large(bytes: usize) -> Content {
    Content::new().with_text("large").with_image(vec![1; bytes], "image/png")
}

#[remote(prefix = "gallery.")]
trait Gallery {
    /// Shows a picture.
    async fn show(&self, name: String) -> Result<Content<String>, String>;
}

struct Louvre;

#[agent]
impl Gallery for Louvre {
    async fn show(&self, name: String) -> Result<Content<String>, String> {
        Ok(Content::of(name).with_image(vec![3], "image/jpeg"))
    }
}

const CALL: &str = "a2a/v1/mcp/tools/each_kind/call";
const RESPONSES: &str = "a2a/v1/mcp/clients/peer/responses";

/// What a bare peer gets that calls a tool.
async fn answer(peer: &mut RawPeer, tool: &str, accepts: Option<Value>) -> Value {
    let mut call = json!({"call_id": tool, "arguments": {}, "client": "peer"});
    if tool == "chart" {
        call["arguments"]["fails"] = json!(false);
    }
    if let Some(accepts) = accepts {
        call["accepts"] = accepts;
    }
    let topic = format!("a2a/v1/mcp/tools/{tool}/call");
    peer.publish(&topic, call.to_string(), reply_to(RESPONSES, tool.as_bytes())).await;
    json(&peer.next(RESPONSES).await)
}

on_each_broker! {
    async fn mcp_21_content_is_read_as_it_was_given(broker) {
        let tools = tools![each_kind, chart, image, plain];
        let agent = Agent::new("painter").tools(tools).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let content = client.call("each_kind", json!({})).content().await.unwrap();
        assert_eq!(content.blocks(), blocks());
        let content = client.call("chart", json!({"fails": false})).returning::<Content<Sales>>().await.unwrap();
        assert_eq!(content, Content::of(Sales { total: 7 }).with_image(vec![1], "image/png"));
        let content = client.call("image", json!({})).returning::<Content<Option<Sales>>>().await.unwrap();
        assert_eq!(content, Content::of(None).with_image(vec![1; 4], "image/png"));
        // A result without content is a text.
        let content = client.call("plain", json!({})).returning::<Content<Sales>>().await.unwrap();
        assert_eq!(content, Content::of(Sales { total: 9 }).with_text(r#"{"total":9}"#));
        let error = client.call("chart", json!({"fails": true})).content().await.unwrap_err();
        assert!(matches!(&error, CallError::Tool { message, .. } if message == "no sales yet"), "{error:?}");
        let streamed = client.call("each_kind", json!({})).content().stream().await.unwrap();
        assert_eq!(soon(streamed.finish()).await.unwrap().blocks(), blocks());
        agent.stop().await;
    }

    async fn mcp_21_on_the_wire_they_are_mcps_blocks_beside_the_result(broker) {
        let agent = Agent::new("painter").tools(tools![each_kind, chart]).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        let body = answer(&mut peer, "each_kind", Some(json!(["novel", "content"]))).await;
        assert_eq!(body["result"], "first\nlast");
        let content = json!([
            {"type": "text", "text": "first"},
            {"type": "image", "data": "AAEC", "mimeType": "image/png"},
            {"type": "audio", "data": "//////8=", "mimeType": "audio/wav"},
            {"type": "resource_link", "uri": "file:///a", "name": "a"},
            {"type": "resource", "resource": {"uri": "file:///b", "mimeType": "application/pdf", "blob": "Bw=="}},
            {"type": "resource", "resource": {"uri": "file:///page", "mimeType": "text/html", "text": "<p>"}},
            {"type": "text", "text": "last"},
        ]);
        assert_eq!(body["content"], content);
        let body = answer(&mut peer, "chart", Some(json!(["content"]))).await;
        assert_eq!((&body["status"], &body["result"]), (&json!("ok"), &json!({"total": 7})));
        assert_eq!(body["content"], json!([{"type": "image", "data": "AQ==", "mimeType": "image/png"}]));
        agent.stop().await;
    }

    async fn mcp_21_a_caller_of_v0_1_gets_the_value_or_the_text_or_names(broker) {
        let tools = tools![each_kind, chart, image];
        let agent = Agent::new("painter").tools(tools).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(RESPONSES).await;
        for (tool, result) in [
            ("each_kind", json!("first\nlast")),
            ("chart", json!({"total": 7})),
            ("image", json!("[image: image/png, 4 bytes]")),
        ] {
            // What is no list of words accepts nothing.
            for accepts in [None, Some(json!([])), Some(json!("content")), Some(json!([7, null, "chunks"]))] {
                let body = answer(&mut peer, tool, accepts.clone()).await;
                assert_eq!(body["result"], result, "{tool} {accepts:?}");
                assert!(body.get("content").is_none(), "{tool} {accepts:?}: {body}");
            }
        }
        agent.stop().await;
    }

    async fn mcp_21_only_a_call_that_reads_content_accepts_it(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(CALL).await;
        let client = Client::connect(&broker.url()).await.unwrap();
        let call = tokio::spawn(client.call("each_kind", json!({})).content().into_future());
        assert_eq!(json(&peer.next(CALL).await)["accepts"], json!(["content"]));
        call.abort();
        let call = tokio::spawn(client.call("each_kind", json!({})).into_future());
        assert!(json(&peer.next(CALL).await).get("accepts").is_none());
        call.abort();
    }

    async fn mcp_21_a_card_says_which_kinds_may_come(broker) {
        let tools = tools![each_kind, chart, plain];
        let agent = Agent::new("painter").tools(tools).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let card = client.tool("each_kind").await.unwrap().unwrap();
        assert_eq!(card.content, ["text", "image", "audio", "resource_link", "resource"]);
        assert!(card.output_schema.is_none());
        let card = client.tool("chart").await.unwrap().unwrap();
        assert_eq!(card.content.len(), 5);
        assert_eq!(json!(card.output_schema)["properties"]["total"]["type"], "integer");
        assert!(client.tool("plain").await.unwrap().unwrap().content.is_empty());
        agent.stop().await;
    }

    async fn mcp_21_malformed_content_is_an_error_for_whoever_asked_for_it(broker) {
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.subscribe(CALL).await;
        let client = Client::connect(ConnectOptions::new(broker.url()).id("scout")).await.unwrap();
        let responses = "a2a/v1/mcp/clients/scout/responses";
        for (content, told) in [
            (json!("x"), "`/content` is no array"),
            (json!([{"type": "text", "text": "x"}, {"type": "image"}]), "`/content/1`: it has no `data`"),
            (json!([{"type": "image", "data": "!", "mimeType": "image/png"}]), "`/content/0`: its `data` is no base64"),
            (json!([{"type": "image", "data": [1, 2, 3], "mimeType": "image/png"}]), "`/content/0`"),
        ] {
            let call = tokio::spawn(client.call("each_kind", json!({})).content().into_future());
            let call_id = json(&peer.next(CALL).await)["call_id"].clone();
            let body = json!({"call_id": call_id, "status": "ok", "result": "r", "content": content});
            peer.publish(responses, body.to_string(), Default::default()).await;
            let error = soon(call).await.unwrap().unwrap_err();
            assert!(matches!(error, CallError::InvalidResponse { .. }), "{error:?}");
            assert!(error.to_string().contains(told), "{error}");
            // Others pass over it.
            let call = tokio::spawn(client.call("each_kind", json!({})).into_future());
            let call_id = json(&peer.next(CALL).await)["call_id"].clone();
            let body = json!({"call_id": call_id, "status": "ok", "result": "r", "content": content});
            peer.publish(responses, body.to_string(), Default::default()).await;
            assert_eq!(soon(call).await.unwrap().unwrap(), "r");
        }
        // `null` is absence.
        let call = tokio::spawn(client.call("each_kind", json!({})).content().into_future());
        let call_id = json(&peer.next(CALL).await)["call_id"].clone();
        let body = json!({"call_id": call_id, "status": "ok", "result": "r", "content": null});
        peer.publish(responses, body.to_string(), Default::default()).await;
        assert_eq!(soon(call).await.unwrap().unwrap(), Content::new().with_text("r"));
    }

    async fn mcp_21_content_over_the_callers_limit_is_too_large(broker) {
        let agent = Agent::new("painter").tools(tools![large]).start(&broker.url()).await.unwrap();
        let client = Client::connect(ConnectOptions::new(broker.url()).max_packet_size(100_000)).await.unwrap();
        let error = soon(client.call("large", json!({"bytes": 90_000})).content().into_future()).await.unwrap_err();
        assert_eq!(error.code(), Some("too_large"), "{error:?}");
        // Who doesn't ask for it gets the text.
        assert_eq!(client.call("large", json!({"bytes": 90_000})).await.unwrap(), "large");
        agent.stop().await;
    }

    async fn mcp_21_a_remote_has_it_on_both_sides(broker) {
        let agent = Agent::of(Louvre).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let shown = GalleryRemote::new(&client).show("Lisa".to_owned()).await.unwrap();
        assert_eq!(shown, Content::of("Lisa".to_owned()).with_image(vec![3], "image/jpeg"));
        agent.stop().await;
    }
}
