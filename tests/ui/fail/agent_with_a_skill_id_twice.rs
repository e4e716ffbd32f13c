use mqtt_agent::prelude::*;

struct Desk;

#[agent]
impl Desk {
    /// Summarizes a text.
    #[skill("sum-up")]
    async fn summarize(&self, text: String) -> String {
        text
    }

    /// Adds up.
    #[skill(id = "sum-up")]
    async fn add(&self, numbers: Vec<f64>) -> f64 {
        numbers.iter().sum()
    }
}

fn main() {}
