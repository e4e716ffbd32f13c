use mqtt_agent::prelude::*;

mod indoors {
    use super::*;

    /// Weather.
    #[tool("get-weather")]
    pub fn weather() -> u8 {
        20
    }
}

/// Weather.
#[tool("get-weather")]
fn forecast() -> u8 {
    10
}

fn main() {}
