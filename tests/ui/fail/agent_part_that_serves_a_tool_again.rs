use mqtt_agent::prelude::*;

struct Home;

#[remote]
trait Heating {
    /// Heats.
    async fn heat(&self) -> Result<(), String>;
}

#[agent(parts("heating"))]
impl Home {
    /// Heats as well.
    #[tool("heat")]
    fn heat_all(&self) {}
}

#[agent(part = "heating")]
impl Heating for Home {
    async fn heat(&self) -> Result<(), String> {
        Ok(())
    }
}

fn main() {}
