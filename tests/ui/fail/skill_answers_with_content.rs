use mqtt_agent::Content;
use mqtt_agent::prelude::*;

/// Draws a picture.
#[skill(tags("art"))]
async fn draw(task: Task) -> Content {
    Content::new().with_text(task.text())
}

fn main() {}
