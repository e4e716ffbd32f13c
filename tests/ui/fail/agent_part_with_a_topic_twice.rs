use mqtt_agent::prelude::*;

struct Home;

#[agent(parts("doors"))]
impl Home {
    #[on("home/{room}/door")]
    fn one(&self, room: &str) {
        drop(room);
    }
}

#[agent(part = "doors")]
impl Home {
    #[on("home/{place}/door")]
    fn other(&self, place: &str) {
        drop(place);
    }
}

fn main() {}
