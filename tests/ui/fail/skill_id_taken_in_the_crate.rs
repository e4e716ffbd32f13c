use mqtt_agent::prelude::*;

mod short {
    use super::*;

    /// Summarizes a text.
    #[skill("summarize")]
    pub async fn summary(text: String) -> String {
        text
    }
}

/// Summarizes a text.
#[skill]
async fn summarize(text: String) -> String {
    text
}

fn main() {}
