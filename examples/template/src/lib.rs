//! What the agent serves.

use mqtt_agent::prelude::*;

/// The agent with all that it serves. The tests start the same one.
pub fn agent() -> Agent {
    Agent::new(env!("CARGO_PKG_NAME")).tools(tools![price])
}

/// What an order costs.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    pub article: String,
    /// For all of them, in cents.
    pub cents: u32,
}

/// Why there is no price.
#[derive(Debug, PartialEq, ToolError)]
pub enum PriceError {
    /// It is not sold.
    #[tool_error("no article `{article}`; ask for `tea` or `coffee`")]
    NotSold { article: String },
}

/// Tells what an order costs.
#[tool(read_only)]
pub async fn price(
    /// The article's name.
    #[arg(example = "tea")]
    article: String,
    /// How many of it.
    #[arg(range = 1..=100, default = 1)]
    count: u32,
) -> Result<Price, PriceError> {
    let each = match article.as_str() {
        "tea" => 250,
        "coffee" => 320,
        _ => return Err(PriceError::NotSold { article }),
    };
    let cents = each * count;
    Ok(Price { article, cents })
}
