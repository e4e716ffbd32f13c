//! What a parameter is, its type decides, not its name.

use mqtt_agent::param::{ArgumentError, Call, Need, Param};
use mqtt_agent::prelude::*;

type Cx<'a> = &'a Context;
type Days = Option<u32>;
type Answer<T> = Result<T, String>;
type Stations = State<Vec<String>>;
type Steps = Partials<u32>;

#[derive(Deserialize, JsonSchema)]
struct Request {
    city: String,
}
type All = Args<Request>;

struct Tenant(String);

impl<'a> Param<'a> for Tenant {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(Tenant(call.context().caller().claim().to_owned()))
    }
}

/// Weather.
#[tool]
async fn weather(cx: Cx<'_>, stations: Stations, tenant: Tenant, steps: Steps, city: String, days: Days) -> Answer<String> {
    let _ = (cx, stations, steps, days);
    Ok(city + &tenant.0)
}

/// Weather.
#[tool]
async fn whole(request: All) -> Answer<String> {
    Ok(request.0.city)
}

#[tokio::main]
async fn main() {
    let agent = Agent::new("x").state(vec!["Oslo".to_owned()]).tools(tools![weather, whole]).build().unwrap();
    let schemas: Vec<_> = agent.tool_cards().iter().map(|card| card.input_schema.to_string()).collect();
    assert_eq!(
        schemas,
        [
            r#"{"additionalProperties":false,"properties":{"city":{"type":"string"},"days":{"maximum":4294967295,"minimum":0,"type":"integer"}},"required":["city"],"type":"object"}"#,
            r#"{"additionalProperties":false,"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}"#,
        ]
    );
    // The function is still one.
    assert_eq!(whole(Args(Request { city: "Oslo".to_owned() })).await, Ok("Oslo".to_owned()));
}
