//! The tools.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mqtt_agent::prelude::*;
use mqtt_agent::wire::{BlockContent, ContentBlock, Resource, ResourceBody};
use mqtt_agent::{Content, DynamicTool, Running};

/// A PNG of one red pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDAT\
x\xdac\xf8\xcf\xc0\0\0\x03\x01\x01\0\xf7\x03A\x43\0\0\0\0IEND\xaeB`\x82";

/// A WAV file with one sample of silence.
const WAV: &[u8] =
    b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x01\0\0\0\x80\0";

/// Gives a text.
#[tool]
pub(crate) async fn test_simple_text() -> String {
    "This is a simple text response for testing.".to_owned()
}

/// Gives an image.
#[tool]
pub(crate) async fn test_image_content() -> Content {
    Content::new().with_image(PNG, "image/png")
}

/// Gives a sound.
#[tool]
pub(crate) async fn test_audio_content() -> Content {
    Content::new().with_audio(WAV, "audio/wav")
}

/// Gives a resource.
#[tool]
pub(crate) async fn test_embedded_resource() -> Content {
    let text = "This is an embedded resource content.";
    Content::new().with(resource("test://embedded-resource", "text/plain", text))
}

/// Gives a text, an image and a resource.
#[tool]
pub(crate) async fn test_multiple_content_types() -> Content {
    let data = json!({"test": "data", "value": 123}).to_string();
    let content = Content::new().with_text("Multiple content types test:").with_image(PNG, "image/png");
    content.with(resource("test://mixed-content-resource", "application/json", data))
}

/// The text of a resource.
fn resource(uri: &str, media_type: &str, text: impl Into<String>) -> ContentBlock {
    ContentBlock::new(BlockContent::Resource(Resource {
        uri: uri.to_owned(),
        media_type: Some(media_type.to_owned()),
        body: ResourceBody::Text(text.into()),
    }))
}

/// Always fails.
#[tool]
pub(crate) async fn test_error_handling() -> Result<String, String> {
    Err("This tool intentionally returns an error for testing".to_owned())
}

/// How far a call has come.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Step {
    progress: u32,
    total: u32,
}

/// Tells of its progress.
#[tool]
pub(crate) async fn test_tool_with_progress(steps: Partials<Step>) -> Result<String, String> {
    for progress in [0, 50, 100] {
        steps.send(&Step { progress, total: 100 }).await.map_err(|error| error.to_string())?;
        // The work itself: there is nothing to wait for.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok("Done.".to_owned())
}

/// Has a log, which stays where it is.
#[tool]
pub(crate) async fn test_tool_with_logging() -> String {
    "What a tool logs does not go to its callers.".to_owned()
}

/// Has a log, which stays where it is.
#[tool]
pub(crate) async fn test_logging_tool() -> String {
    "What a tool logs does not go to its callers.".to_owned()
}

/// Does nothing to the stream of its caller, which it knows nothing of.
#[tool]
pub(crate) async fn test_reconnection() -> String {
    "A tool on MQTT has no stream that it could close.".to_owned()
}

/// The agent itself, once it runs.
#[derive(Clone, Default)]
pub(crate) struct Own(Arc<(OnceLock<Running>, AtomicU32)>);

impl Own {
    pub(crate) fn set(&self, running: Running) {
        assert!(self.0.0.set(running).is_ok(), "set twice");
    }
}

/// Adds a tool, so that the list is another one. None is removed: the bridge keeps those for a while.
#[tool]
pub(crate) async fn test_trigger_tool_change(State(own): State<Own>) -> Result<String, String> {
    let (running, count) = &*own.0;
    let running = running.get().ok_or("the agent does not run yet; try again")?;
    let name = format!("test_added_{}", count.fetch_add(1, Ordering::Relaxed));
    let nothing = |_, _| async { Ok::<_, String>(()) };
    let tool = DynamicTool::new(&name, "Does nothing.", json!({"type": "object"}), nothing);
    running.add_tool(tool.map_err(|error| error.to_string())?).await.map_err(|error| error.to_string())?;
    Ok(name)
}
