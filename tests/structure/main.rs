//! The structure of the two crates: no circles between files, imports that run one way through the rooms, one convention for
//! all errors, peers' texts that are logged and printed escaped, and pages that read well on code hosts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod causes;
mod circles;
mod errors;
mod imports;
mod logged;
mod pages;
mod rooms;
mod sources;

use std::path::Path;

use rooms::{MACROS, RUNTIME, Room};
use sources::Sources;

/// Everything that is wrong with a crate's imports, in sentences.
fn findings(sources: &Sources, rooms: &[Room]) -> Vec<String> {
    let imports = imports::of(sources);
    let mut findings = circles::findings(&imports);
    findings.extend(rooms::findings(&imports, rooms));
    findings
}

/// The files of a crate of the workspace.
fn sources(folder: &str) -> Sources {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("src"))
}

fn check(folder: &str, rooms: &[Room]) {
    let findings = findings(&sources(folder), rooms);
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_runtime_has_no_circles_and_imports_one_way() {
    check("mqtt-agent", RUNTIME);
}

#[test]
fn the_macros_have_no_circles_and_import_one_way() {
    check("mqtt-agent-macros", MACROS);
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let sources = Sources::of(&[
        ("lib", "mod link; pub use link::Handle;"),
        ("link", "mod actor; mod handle; pub use handle::Handle;"),
        // By a relative path, and by a name that the root file gives out.
        ("link/actor", "fn run() -> super::handle::Handle { todo!() }"),
        ("link/handle", "use super::{actor::run}; pub struct Handle;"),
    ]);
    let findings = findings(&sources, RUNTIME);
    let [circle] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(
        circle,
        "`link/actor` imports `link/handle` imports `link/actor`: a circle; move what both need into a file of its own"
    );
}

#[test]
fn an_upward_import_is_found_with_the_room_where_it_belongs() {
    let sources = Sources::of(&[
        ("lib", "mod client; mod link;"),
        ("client", "pub struct Client;"),
        ("link", "mod handle;"),
        ("link/handle", "use crate::client::Client;"),
    ]);
    assert_eq!(
        findings(&sources, RUNTIME),
        [
            "`link/handle` imports `client`, which stands above `link` (one connection to a broker): move what it needs down \
             to `link` or below, or what uses it up to `client` (what a user calls)"
        ]
    );
}

#[test]
fn a_file_in_no_room_is_found() {
    let sources = Sources::of(&[("lib", "mod helpers;"), ("helpers", "")]);
    assert_eq!(
        findings(&sources, RUNTIME),
        ["`helpers` is in no room; give it one in `tests/structure/rooms.rs`"]
    );
}

#[test]
fn tests_and_the_root_of_a_folder_may_import_what_they_like() {
    let sources = Sources::of(&[
        ("lib", "mod link; mod client;"),
        ("client", "pub struct Client;"),
        ("link", "mod handle; pub use handle::Handle; pub const LIMIT: u8 = 1;"),
        (
            "link/handle",
            "use super::LIMIT; pub struct Handle; #[cfg(test)] mod tests { use crate::client::Client; }",
        ),
        ("link/tests", "use crate::client::Client;"),
    ]);
    assert_eq!(findings(&sources, RUNTIME), Vec::<String>::new());
}

#[test]
fn errors_print_their_cause_and_have_no_source() {
    let findings = errors::of(&sources("mqtt-agent")).findings;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn an_error_with_a_source_is_found_however_it_is_written() {
    let sources = Sources::of(&[(
        "wire",
        "
        #[derive(Debug, thiserror::Error)]
        pub enum One {
            #[error(\"no: {0}\")] A(#[from] io::Error),
            #[error(\"no\")] B { source: io::Error },
            #[error(\"no: {0}\")] C(Box<Two>),
            #[error(transparent)] D(#[from] Two),
        }
        pub struct Two;
        impl std::error::Error for Two { fn source(&self) -> Option<&(dyn Error + 'static)> { None } }
        ",
    )]);
    let errors::Errors { with_cause, findings } = errors::of(&sources);
    assert_eq!(with_cause.into_iter().collect::<Vec<_>>(), ["One::A", "One::B", "One::C", "One::D"]);
    assert_eq!(
        findings,
        [
            "`Two` in `wire` has a `source`: print the cause instead",
            "`One::A` in `wire` gives its cause as its source: print it instead",
            "`One::B` in `wire` gives its cause as its source: print it instead",
            "`One` in `wire` derives `Debug`: write `debug_as_display!(One)`",
        ]
    );
}

#[test]
fn what_peers_write_is_logged_and_printed_escaped() {
    let findings = logged::findings(&sources("mqtt-agent"));
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn a_text_that_is_logged_or_printed_as_it_came_is_found_however_it_is_written() {
    let sources = Sources::of(&[
        (
            "link",
            "fn a() { tracing::warn!(topic, name = %peer.name, %error, handler, \"no {sender}\"); }
            fn b() { tokio::select! { () = c => limited!(warn, \"no\", ?payload, task = %shown(task)) } }
            fn d() { tracing::debug_span!(\"s\", topic = inbound.topic()); }
            #[cfg(test)] mod tests { fn e() { tracing::warn!(topic, \"no\"); } }",
        ),
        (
            "error",
            "#[derive(Debug, thiserror::Error)]
            pub enum E {
                #[error(\"no: {0}\")] A(serde_json::Error),
                #[error(\"no: {name}\")] B { name: String },
                #[error(\"no: {name}\", name = shown(.name))] C { name: String },
                #[error(\"no: {0}\")] D(PublishError),
            }",
        ),
    ]);
    assert_eq!(
        logged::findings(&sources),
        [
            "`E::A` in `error` prints `0` as it came: write `{0}` as `shown(.0)`",
            "`E::B` in `error` prints `name` as it came: write `{name}` as `shown(.name)`",
            "`topic` is logged in `link` as it came: write `%shown(..)`",
            "`name = % peer . name` is logged in `link` as it came: write `%shown(..)`",
            "`{sender}` is logged in `link` as it came: make it a field, and write `%shown(..)`",
            "`? payload` is logged in `link` as it came: write `%shown(..)`",
            "`topic = inbound . topic ()` is logged in `link` as it came: write `%shown(..)`",
        ]
    );
}

#[test]
fn all_that_is_logged_is_printed_where_that_is_asked_for() {
    let findings = logged::unseen(&sources("mqtt-agent"));
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn a_line_that_is_logged_past_the_log_is_found_however_it_is_written() {
    let sources = Sources::of(&[(
        "link",
        "fn a() { tracing::warn!(%error, \"no\"); tracing::debug_span!(\"s\"); crate::log::warn!(\"no\"); }
        fn b() { tokio::select! { () = c => tracing::info!(\"no\") } }
        #[cfg(test)] mod tests { fn d() { tracing::warn!(\"no\"); } }",
    )]);
    assert_eq!(
        logged::unseen(&sources),
        [
            "`tracing::warn!` in `link` is not printed: write `crate::log::warn!`",
            "`tracing::info!` in `link` is not printed: write `crate::log::info!`",
        ]
    );
}
