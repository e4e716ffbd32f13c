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
                test($crate::TestBroker::embedded().await).await;
            }

            #[cfg(feature = "peers")]
            #[test]
            fn chosen() {
                $crate::on_chosen(module_path!(), test);
            }
        }
    )*};
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
