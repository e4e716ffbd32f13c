//! A factory: three programs on one broker, which make what a customer orders, whatever happens on the way.
//!
//! ```sh
//! cargo run --example factory            # all of it, with a broker of its own and two accidents
//! cargo test --example factory           # the tests, and the contract with `factory/contract.json`
//! ```
//!
//! Each program can run alone as well, with `MQTT_AGENT_URL` and the other variables of `ConnectOptions::from_env`:
//! `cargo run --example factory press`, `.. inspector`, `.. planner`.
//!
//! | file | program | what to learn there |
//! |---|---|---|
//! | `press.rs` | a press, of which two replicas run | `#[tool]` with typed errors; replicas share the calls |
//! | `inspector.rs` | looks at parts | `#[skill]` with arguments, progress, and a question to the delegator |
//! | `planner.rs` | turns an order into calls and tasks | calls with retries, tasks in a file that survives a crash |
//! | `accidents.rs` | the whole, with what goes wrong | programs with passwords; a replica that is killed; a broker that forgets everything |

mod accidents;
mod inspector;
mod parts;
mod planner;
mod press;
#[cfg(test)]
mod tests;

use mqtt_agent::prelude::*;

mqtt_agent::contract!("factory/contract.json");

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let agent = match std::env::args().nth(1).as_deref() {
        None => return accidents::play().await,
        Some("press") => press::agent(),
        Some("inspector") => inspector::agent(),
        Some("planner") => planner::agent(std::path::Path::new("factory-planner.db")).await?,
        Some(other) => {
            return Err(format!("no program `{other}`; give `press`, `inspector` or `planner`").into());
        }
    };
    // Ends by Ctrl-C or SIGTERM, and finishes what it was doing first.
    Ok(agent.serve(ConnectOptions::from_env()?).await?)
}
