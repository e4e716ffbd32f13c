use mqtt_agent::prelude::*;

struct Home;

#[agent]
impl Home {
    #[on("home/{room}/temperature")]
    fn one(&self, room: &str) {
        drop(room);
    }

    #[on("home/{place}/temperature")]
    fn other(&self, place: &str) {
        drop(place);
    }
}

fn main() {}
