//! A caller: `caller ARTICLE COUNT`. It finds the tool by its name.

use std::error::Error;

use mqtt_agent::prelude::*;
use price_list::{Price, PriceError};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let article = arguments.next().unwrap_or_else(|| "tea".to_owned());
    let count: u32 = arguments.next().map_or(Ok(1), |count| count.parse())?;

    let client = Client::connect(ConnectOptions::from_env()?).await?;
    let called = client
        .call("price", json!({"article": article, "count": count}))
        .returning::<Price>()
        .await;
    client.close().await;

    match called {
        Ok(price) => println!("{count} {} cost {} cents", price.article, price.cents),
        // The tool's own error, as a value again.
        Err(error) => match error.tool_error::<PriceError>() {
            Some(PriceError::NotSold { article }) => println!("nobody sells {article}"),
            None => {
                eprintln!("{error}");
                std::process::exit(1);
            }
        },
    }
    Ok(())
}
