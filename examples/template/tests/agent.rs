//! The agent as its callers see it, on a broker of the test's own.

use mqtt_agent::prelude::*;
use price_list::{Price, PriceError, agent};

// What is published, compared with `contract.json`: a change of it is a change for every caller.
// `UPDATE_CONTRACT=1 cargo test contract` accepts what is there now.
mqtt_agent::contract!("contract.json");

#[mqtt_agent::test(agent = agent())]
async fn an_order_has_a_price(client: Client) -> Result<(), mqtt_agent::CallError> {
    let order = json!({"article": "tea", "count": 2});
    let price: Price = client.call("price", order).returning().await?;
    assert_eq!(
        price,
        Price {
            article: "tea".to_owned(),
            cents: 500
        }
    );
    Ok(())
}

#[mqtt_agent::test(agent = agent())]
async fn what_is_not_sold_is_an_error_of_its_own(client: Client) {
    let order = json!({"article": "cocoa"});
    let error = client.call("price", order).await.unwrap_err();
    let not_sold = PriceError::NotSold {
        article: "cocoa".to_owned(),
    };
    assert_eq!(error.tool_error::<PriceError>(), Some(not_sold));
}

#[mqtt_agent::test(agent = agent())]
async fn a_wrong_argument_never_reaches_the_tool(client: Client) {
    let order = json!({"article": "tea", "count": 0});
    let error = client.call("price", order).await.unwrap_err();
    assert!(error.to_string().contains("count"), "{error}");
}
