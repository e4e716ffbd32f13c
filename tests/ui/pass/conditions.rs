//! What is not compiled in is not there for anybody: of a method, of a whole block, of a trait.

use mqtt_agent::prelude::*;

pub struct Lamp;

#[agent]
impl Lamp {
    /// Here.
    #[cfg(not(any()))]
    #[tool]
    fn level(&self) -> u8 {
        1
    }

    /// And not here, under the same name.
    #[cfg(any())]
    #[tool(name = "level")]
    fn other_level(&self) -> Missing {
        Missing
    }

    #[cfg(not(any()))]
    #[on("lamp/{id}/set")]
    fn set(&self, id: &str) {
        let _ = id;
    }

    #[cfg(any())]
    #[on("lamp/{id}/set")]
    fn other_set(&self, id: Missing) {
        let _ = id;
    }

    /// Deprecated, and served all the same.
    #[deprecated]
    #[tool]
    fn old(&self) -> u8 {
        1
    }
}

#[agent]
#[cfg(any())]
impl Missing {
    /// Not there.
    #[tool]
    fn missing(&self) -> u8 {
        1
    }

    /// Neither.
    #[event("missing/{room}")]
    fn event(&self, room: &str);
}

#[remote]
#[cfg(any())]
trait MissingToo {
    /// Not there.
    async fn missing_too(&self) -> Result<Missing, String>;
}

#[agent]
#[cfg(any())]
impl MissingToo for Lamp {
    async fn missing_too(&self) -> Result<Missing, String> {
        Ok(Missing)
    }
}

fn main() {
    let _ = Agent::of(Lamp).build();
}
