/// Summarizes a text.
#[mqtt_agent::tool]
#[mqtt_agent::skill(tags("text"))]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
