use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Request {
    city: String,
}

/// Weather.
#[tool]
async fn weather(Args(request): Args<Option<Request>>) -> String {
    request.map(|request| request.city).unwrap_or_default()
}

fn main() {}
