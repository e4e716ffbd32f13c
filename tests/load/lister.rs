//! A process of its own that lists: `listing-process URL tools|servers|agents|watch`. It says how much it found and the most memory that
//! it took, in MB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use mqtt_agent::prelude::*;

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("listing-process URL tools|servers|agents|watch");
    let (url, what) = (next(), next());
    let client = Client::connect(&url).await.unwrap();
    let found = match what.as_str() {
        "tools" => client.tools().partial().await.unwrap().len(),
        "servers" => client.servers().partial().await.unwrap().len(),
        "watch" => {
            let mut changes = client.agents().watch().await.unwrap();
            let mut joined = 0;
            while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(5), changes.next()).await {
                joined += 1;
            }
            joined
        }
        _ => client.agents().partial().await.unwrap().len(),
    };
    println!("{found} {}", peak());
}
