//! What the integration tests share: real brokers that can be stopped, killed and frozen, a fake one that does wrong what
//! it is told to, a proxy that does to connections what networks do, and a bare MQTT client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod broker;
mod failing_store;
pub mod fake_broker;
mod log;
mod lost;
mod proxy;
mod raw;
mod twins;
mod websocket;

pub use broker::{Capabilities, TestBroker, free_address, on_chosen};
pub use failing_store::{FailingStore, Failure};
pub use fake_broker::{FakeBroker, Knobs};
pub use log::Log;
pub use lost::lost_behind_the_grant;
pub use proxy::{Direction, Proxy};
pub use raw::{RawPeer, SOON, correlated, json, reply_to};
pub use twins::*;
pub use websocket::WebSocketRelay;

use std::time::Duration;

use mqtt_agent::{Client, ConnectionState};

/// Runs each test on the embedded broker, and with the feature `peers` on the one that the environment chooses.
#[macro_export]
macro_rules! on_each_broker {
    ($($(#[$meta:meta])* async fn $name:ident($broker:ident) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn test(mut broker: $crate::TestBroker) {
                #[allow(unused_mut)]
                let mut $broker = &mut broker;
                $body
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                $crate::in_time(async { test($crate::TestBroker::embedded().await).await }).await;
            }

            #[cfg(feature = "peers")]
            #[test]
            fn chosen() {
                $crate::on_chosen(module_path!(), test);
            }
        }
    )*};
}

/// How long one test may take: longer than any needs. One that waits for ever fails, and says which it is.
const LONGEST: Duration = Duration::from_secs(600);

/// Runs a whole test, and fails it when it takes too long.
pub async fn in_time<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONGEST, test).await.expect("the test ends within ten minutes")
}

/// Waits until a client has a later connection than the one of this number.
pub async fn connected_again(client: &Client, after: u64) {
    let mut connection = client.connection();
    let later =
        |state: &ConnectionState| matches!(state, ConnectionState::Connected { epoch, .. } if *epoch > after);
    soon(connection.wait_for(later)).await.unwrap();
}

/// The number of a client's connection; 0 while there is none.
pub fn epoch(client: &Client) -> u64 {
    match &*client.connection().borrow() {
        ConnectionState::Connected { epoch, .. } => *epoch,
        _ => 0,
    }
}

/// Waits until something holds, asking again and again; for what has no event to wait for.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let wait = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// Waits for what has to come soon.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("in time")
}
