use mqtt_agent::prelude::*;

mod other {
    mod inner {
        use mqtt_agent::prelude::*;

        /// Adds.
        #[tool]
        pub fn add(a: u8, b: u8) -> u8 {
            a.saturating_add(b)
        }
    }

    pub use inner::add;
}

fn lists() -> Agent {
    Agent::new("x").tools(tools![other::add])
}

fn main() {}
