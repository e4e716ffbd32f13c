//! Constants, types and functions of a user's whose names generated code once took.

use mqtt_agent::prelude::*;

const DEFINITION: u8 = 1;
const PUBLISHED: u8 = 2;
const TOPIC: usize = 2;

#[derive(Serialize, Deserialize, JsonSchema)]
struct P0;

/// Adds.
#[tool]
fn add(#[arg(default = DEFINITION)] a: u8, #[arg(default = PUBLISHED)] b: u8) -> u8 {
    a + b
}

#[request("pairs/{of}", caller)]
fn asked(of: u8, pair: [u8; TOPIC]) -> Result<P0, String> {
    let _ = (of, pair);
    Ok(P0)
}

#[event("started")]
fn _1(value: [u8; TOPIC]);

fn main() {
    let _ = (tools![add], handlers![asked], asked_request([1, 2]).of(1), _1([1, 2]));
}
