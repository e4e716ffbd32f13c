use mqtt_agent::prelude::*;

#[remote]
trait Desk {
    /// Summarizes a text.
    #[skill]
    async fn summarize(&self, text: String) -> Result<String, String>;
}

fn main() {}
