//! What several of these tests serve and do.

use mqtt_agent::prelude::*;
use tokio::task::JoinSet;

/// Gives back what it gets.
#[tool]
pub(crate) async fn mirror(number: u64) -> u64 {
    number
}

/// Makes so many calls of `mirror`, some at once; every one is answered.
pub(crate) async fn all_are_answered(client: &Client, calls: u64) {
    const AT_ONCE: u64 = 16;
    let mut made = JoinSet::new();
    for first in 0..AT_ONCE {
        let client = client.clone();
        made.spawn(async move {
            for number in (first..calls).step_by(AT_ONCE as usize) {
                let call = client.call("mirror", json!({"number": number})).returning::<u64>();
                assert_eq!(call.await.unwrap(), number);
            }
        });
    }
    while let Some(some) = made.join_next().await {
        some.unwrap();
    }
}
