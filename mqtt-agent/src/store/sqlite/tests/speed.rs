//! Measures and prints the speed, without assertions.

use std::time::Instant;

use super::*;

/// `cargo test --release -p mqtt-agent --features sqlite --lib inserts_per_second -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures"]
async fn inserts_per_second() {
    for synchronous in ["FULL", "NORMAL"] {
        for (writers, each) in [(1, 500), (64, 200)] {
            let (_directory, path) = place();
            let settings = Settings { synchronous, ..Settings::default() };
            let store = SqliteStore::open_with(path, settings).await.unwrap();
            let begin = Instant::now();
            let tasks: Vec<_> = (0..writers)
                .map(|writer| {
                    let store = store.clone();
                    tokio::spawn(async move {
                        for number in 0..each {
                            let mut record = record(&format!("{writer}-{number}"));
                            record.task.title = "x".repeat(1000);
                            store.insert(TaskSide::Executor, record).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let rate = f64::from(writers * each) / begin.elapsed().as_secs_f64();
            println!("synchronous = {synchronous}, {writers} writers: {rate:.0} inserts/s of 1 kB");
            store.close().await;
        }
    }
}
