use mqtt_agent::prelude::*;

struct Alarm;

/// One.
#[event("home/{timeout}/alarm")]
fn alarm(timeout: &str);

/// Two.
#[event("home/{publish}/alarm")]
fn other(publish: &str);

fn main() {}
