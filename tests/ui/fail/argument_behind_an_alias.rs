use mqtt_agent::prelude::*;

struct Pool;
type Database = Pool;

/// Weather.
#[tool]
async fn weather(city: String, database: Database) -> String {
    let _ = database;
    city
}

fn main() {}
