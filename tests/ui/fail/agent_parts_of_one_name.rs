use mqtt_agent::prelude::*;

struct Home;

#[agent(parts("cooling"))]
impl Home {
    /// Heats.
    #[tool]
    fn heat(&self) {}
}

#[agent(part = "cooling")]
impl Home {
    /// Cools.
    #[tool]
    fn cool(&self) {}
}

#[agent(part = "cooling")]
impl Home {
    /// Chills.
    #[tool]
    fn chill(&self) {}
}

fn main() {}
