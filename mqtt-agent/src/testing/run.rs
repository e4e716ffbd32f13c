//! Runs one test: its runtime, its agent, its time limit, and the cleanup.
//!
//! A failed test has to panic, so this is the only place in the library that panics.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use super::TestAgent;
use crate::agent::Agent;
use crate::deadline::Lasting;

/// How long a stop may take; then the runtime ends what is left.
const STOP: Duration = Duration::from_secs(10);

/// The agent of a test that does not specify an agent: it serves every `#[tool]` that is linked in.
pub fn agent() -> Agent {
    Agent::new("test")
}

/// Runs a test until it ends or reaches its time limit. Called by the function that `#[mqtt_agent::test]` generates.
#[track_caller]
#[allow(clippy::panic)]
pub fn run<T, F>(
    name: &str,
    limit_ms: u64,
    agent: impl Future<Output = Agent>,
    test: impl FnOnce(TestAgent) -> F,
) -> T
where
    F: Future<Output = Result<T, Box<dyn Error + Send + Sync>>>,
{
    // Handlers of a test may block, and must not hold up its broker.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    // Here and below no panic is in a closure: its place is the test, and not this file.
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => panic!("the test has no runtime: {error}"),
    };
    let limit = Duration::from_millis(limit_ms);
    let started = runtime.block_on(async { TestAgent::start(agent.await).await });
    let agent = match started {
        Ok(agent) => agent,
        Err(error) => {
            runtime.shutdown_background();
            panic!("{error}");
        }
    };
    let outcome = runtime.block_on(async {
        let test = AssertUnwindSafe(test(agent.clone())).catch_unwind();
        let outcome = tokio::time::timeout(limit, test).await;
        // Whatever came of it, the agent ends as it would in service.
        drop(tokio::time::timeout(STOP, agent.stop()).await);
        outcome
    });
    // Dropped, it would wait for a blocking handler that never ends, and the test would not end either.
    runtime.shutdown_background();
    match outcome {
        Ok(Ok(Ok(value))) => value,
        Ok(Ok(Err(error))) => panic!("a parameter of `{name}` could not be made: {error}"),
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => {
            panic!("`{name}` did not end within {}; give it longer with `timeout = \"..\"`", Lasting(limit))
        }
    }
}
