//! How a test runs on the chosen broker: one that is known to fail there has to fail.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::TestBroker;
use super::description::Description;
use crate::in_time;

/// Runs a test, called by its module's path, on the chosen broker.
pub fn on_chosen<F: Future>(path: &str, test: impl FnOnce(TestBroker) -> F) {
    let description = Description::chosen();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(in_time(async { test(TestBroker::chosen().await).await }));
    }));
    let known = description.fails.iter().find(|known| known.test == path);
    match (known, outcome) {
        (Some(known), Err(_)) => {
            say(&format!("known to fail on `{}`: {path}: {}", description.name, known.why))
        }
        (Some(known), Ok(())) if known.at_times => {
            say(&format!("passed on `{}` this time: {path}: {}", description.name, known.why));
        }
        (Some(_), Ok(())) => panic!(
            "`{path}` is listed as failing on `{0}`, and passes; delete it from brokers/{0}/capabilities.toml",
            description.name
        ),
        (None, Ok(())) => {}
        (None, Err(panic)) => resume_unwind(panic),
    }
}

/// Prints a line although the test passes.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "\n{line}");
}
