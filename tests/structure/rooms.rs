//! The rooms of each crate, from the lowest to the highest, and imports that run upward.

use crate::imports::Imports;
use crate::sources::name;

/// A file or a folder at the top of a crate, and what is in it.
pub(crate) type Room = (&'static str, &'static str);

pub(crate) const RUNTIME: &[Room] = &[
    ("shown", "texts of peers as they may be shown"),
    ("log", "what is logged, and where it goes"),
    ("log_rate", "how often what peers cause is logged"),
    ("measure", "metrics"),
    ("wire", "the protocol as data"),
    ("spans", "spans and their trace context"),
    ("otel", "what a program sets traces up with"),
    ("duration", "durations as text"),
    ("deadline", "points in time"),
    ("spawn", "tasks with an owner"),
    ("kept", "futures that streams keep"),
    ("once", "what is made once for all who want it"),
    ("json", "pointers into JSON, and its size"),
    ("files", "files that only their owner reads"),
    ("ledger", "bytes that are kept on behalf of peers"),
    ("causes", "errors of others with their causes"),
    ("near", "names that misspelt ones may mean"),
    ("link", "one connection to a broker"),
    ("discover", "what is retained at the broker"),
    ("store", "where tasks are kept"),
    ("session", "the connection's identity, pending calls and delegations"),
    ("handler", "what a handler is"),
    ("schema", "JSON Schemas of definitions"),
    ("error", "why an agent or a client does not start"),
    ("serve", "what all profiles need to serve"),
    ("mcp", "tools"),
    ("a2a", "tasks"),
    ("client", "what a user calls"),
    ("remote", "typed clients"),
    ("topic", "topics of users' own"),
    ("agent", "an agent as a whole"),
    ("contract", "what a program publishes"),
    ("broker", "the embedded broker"),
    ("testing", "users' tests"),
    ("private", "what generated code names"),
    ("bridge", "MCP's own transports"),
    ("bin", "the command"),
];

pub(crate) const MACROS: &[Room] = &[
    ("diag", "errors"),
    ("validate", "checks of names"),
    ("template", "topics with placeholders"),
    ("options", "options"),
    ("message", "texts"),
    ("model", "what was read"),
    ("parse", "from tokens to the model"),
    ("check", "what is wrong with it"),
    ("render", "from the model to tokens"),
    ("snapshots", "tests of the whole"),
];

/// One sentence for each file in no room, and for each import of a higher room. The crate's root file is above all.
pub(crate) fn findings(imports: &Imports, rooms: &[Room]) -> Vec<String> {
    let floor = |file: &[String]| {
        let room = file.first()?;
        rooms.iter().position(|(name, _)| name == room)
    };
    let mut findings = Vec::new();
    for (file, imported) in imports.iter().filter(|(file, _)| !file.is_empty()) {
        let Some(own) = floor(file) else {
            let name = name(file);
            findings.push(format!("`{name}` is in no room; give it one in `tests/structure/rooms.rs`"));
            continue;
        };
        for target in imported {
            let Some(other) = floor(target).filter(|other| *other > own) else { continue };
            let ((lower, lower_is), (higher, higher_is)) = (rooms[own], rooms[other]);
            findings.push(format!(
                "`{}` imports `{}`, which stands above `{lower}` ({lower_is}): move what it needs down to `{lower}` or below, \
                 or what uses it up to `{higher}` ({higher_is})",
                name(file),
                name(target),
            ));
        }
    }
    findings
}
