//! Whoever delegates much at once has every result.

#[cfg(feature = "peers")]
mod mosquitto {
    use std::sync::Arc;
    use std::time::Duration;

    use mqtt_agent::a2a::{NewTask, SqliteStore};
    use mqtt_agent::prelude::*;
    use support::TestBroker;
    use tokio::sync::Semaphore;
    use tokio::task::JoinSet;

    /// Gives its number back.
    #[skill]
    async fn give_back(number: u64) -> u64 {
        number
    }

    /// A durable delegator gives so many tasks, 1,000 at once; every one ends.
    async fn all_end(count: u64) {
        let broker = TestBroker::mosquitto("max_inflight_messages 200\nmax_queued_messages 10000").await;
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("tasks.db")).await.unwrap();
        let worker = Agent::new("worker").skills(skills![give_back]).start(&broker.url()).await.unwrap();
        let client = Client::builder()
            .store(store)
            .connect(ConnectOptions::new(broker.url()).id("boss"))
            .await
            .unwrap();
        let places = Arc::new(Semaphore::new(1000));
        let mut given = JoinSet::new();
        for number in 0..count {
            let place = Arc::clone(&places).acquire_owned().await.unwrap();
            let client = client.clone();
            given.spawn(async move {
                let task = NewTask::skill("give_back").data(&json!({"number": number}));
                let mut task = client.delegate("worker", task).returning::<u64>().await.unwrap();
                let result = tokio::time::timeout(Duration::from_secs(30), task.result()).await;
                drop(place);
                assert_eq!(result.expect("it ends").unwrap(), number);
            });
        }
        while let Some(task) = given.join_next().await {
            task.unwrap();
        }
        client.close().await;
        worker.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_thousand_tasks_at_once_of_a_durable_delegator_all_end() {
        all_end(1000).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "takes ten seconds; the smaller one shows the same"]
    async fn four_thousand_tasks_a_thousand_at_once_of_a_durable_delegator_all_end() {
        all_end(4000).await;
    }
}
