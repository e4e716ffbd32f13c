//! The options that several commands have.

use clap::{Arg, ArgAction};

use crate::settings::duration;

pub(crate) fn json() -> Arg {
    Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON, one value a line")
}

pub(crate) fn timeout() -> Arg {
    Arg::new("timeout")
        .long("timeout")
        .value_name("TIME")
        .value_parser(duration)
        .help("How long to wait for the end, as 30s or 500ms")
}

/// The id of this client, to which its tasks belong.
pub(crate) fn id() -> Arg {
    Arg::new("id")
        .long("id")
        .value_name("ID")
        .help("The id of this client, to which its tasks belong [default: MQTT_AGENT_ID, else a random one]")
}

/// Where the broker is, without its credentials.
pub(crate) fn broker() -> [Arg; 3] {
    [
        Arg::new("url").long("url").value_name("URL").help("The broker, as mqtt://localhost:1883"),
        Arg::new("namespace").long("namespace").value_name("NS").help("The namespace [default: a2a/v1]"),
        Arg::new("context")
            .long("context")
            .value_name("NAME")
            .help("The broker and the credentials of this name; see `mqtt-agent context`"),
    ]
}

pub(crate) fn common() -> [Arg; 4] {
    let [url, namespace, context] = broker();
    [url, namespace, context, json()]
}
