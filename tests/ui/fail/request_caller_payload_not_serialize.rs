use mqtt_agent::prelude::*;

#[derive(Deserialize, JsonSchema)]
struct Query {
    name: String,
}

#[request("home/get", caller)]
fn get(query: Query) -> Result<String, String> {
    Ok(query.name)
}

fn main() {}
