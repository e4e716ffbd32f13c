//! A delegator of very many tasks has every result.

#[cfg(feature = "peers")]
mod configured {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use mqtt_agent::a2a::{NewTask, SqliteStore, TaskRecord, TaskSide, TaskStore};
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
        all_end_on(GUIDE, count).await;
    }

    async fn all_end_on(lines: &str, count: u64) {
        let broker = TestBroker::configured(lines).await;
        let began = Instant::now();
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
                let result = tokio::time::timeout(Duration::from_secs(120), task.result()).await;
                drop(place);
                assert_eq!(result.expect("it ends").unwrap(), number);
            });
        }
        while let Some(task) = given.join_next().await {
            task.unwrap();
        }
        println!("{count} tasks, 1,000 at once, ended within {:?}", began.elapsed());
        client.close().await;
        worker.stop().await;
    }

    /// What our guide recommends, and nothing.
    const GUIDE: &str = "max_inflight_messages 200\nmax_queued_messages 10000";
    const STOCK: &str = "";

    /// A durable worker is offline while so many tasks are given; every one ends.
    async fn all_end_though_the_worker_was_away(lines: &str, count: u64) {
        let broker = TestBroker::configured(lines).await;
        let folder = tempfile::tempdir().unwrap();
        let worker = async || {
            let store = SqliteStore::open(folder.path().join("worker.db")).await.unwrap();
            Agent::new("worker").skills(skills![give_back]).store(store).start(&broker.url()).await.unwrap()
        };
        worker().await.stop().await;
        let store = SqliteStore::open(folder.path().join("boss.db")).await.unwrap();
        let client = Client::builder()
            .store(store)
            .connect(ConnectOptions::new(broker.url()).id("boss"))
            .await
            .unwrap();
        let mut given = Vec::new();
        for number in 0..count {
            let task = NewTask::skill("give_back").data(&json!({"number": number}));
            given.push((number, client.delegate("worker", task).returning::<u64>().await.unwrap()));
        }
        let began = Instant::now();
        let worker = support::eventually("the store is free", || async { Some(worker().await) }).await;
        for (number, mut task) in given {
            let result = tokio::time::timeout(Duration::from_secs(120), task.result()).await;
            assert_eq!(result.expect("it ends").unwrap(), number);
        }
        println!("{count} tasks ended {:?} after their worker was back", began.elapsed());
        client.close().await;
        worker.stop().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a2a_14_two_thousand_tasks_for_a_worker_that_is_away_all_end_on_a_stock_broker() {
        all_end_though_the_worker_was_away(STOCK, 2000).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "takes a minute; the smaller one shows the same"]
    async fn a2a_14_ten_thousand_tasks_for_a_worker_that_is_away_all_end() {
        all_end_though_the_worker_was_away(STOCK, 10_000).await;
        all_end_though_the_worker_was_away(GUIDE, 10_000).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "takes a minute; the smaller one shows the same"]
    async fn ten_thousand_tasks_a_thousand_at_once_all_end() {
        all_end_on(STOCK, 10_000).await;
        all_end_on(GUIDE, 10_000).await;
    }

    /// Tasks a second with so many in flight and a durable store on both sides.
    async fn tasks_a_second(in_flight: usize, count: u64) -> f64 {
        let broker = TestBroker::configured(GUIDE).await;
        let folder = tempfile::tempdir().unwrap();
        let store = async |name: &str| SqliteStore::open(folder.path().join(name)).await.unwrap();
        let worker = Agent::new("worker").skills(skills![give_back]).store(store("worker.db").await);
        let worker = worker.start(&broker.url()).await.unwrap();
        let options = ConnectOptions::new(broker.url()).id("boss");
        let client = Client::builder().store(store("boss.db").await).connect(options).await.unwrap();
        let places = Arc::new(Semaphore::new(in_flight));
        let mut given = JoinSet::new();
        let began = Instant::now();
        for number in 0..count {
            let place = Arc::clone(&places).acquire_owned().await.unwrap();
            let client = client.clone();
            given.spawn(async move {
                let task = NewTask::skill("give_back").data(&json!({"number": number}));
                let mut task = client.delegate("worker", task).returning::<u64>().await.unwrap();
                assert_eq!(task.result().await.unwrap(), number);
                drop(place);
            });
        }
        while let Some(task) = given.join_next().await {
            task.unwrap();
        }
        let took = began.elapsed();
        client.close().await;
        worker.stop().await;
        count as f64 / took.as_secs_f64()
    }

    /// Records a second that one after the other are committed by themselves.
    async fn commits_a_second(count: u32) -> f64 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("raw.db")).await.unwrap();
        let began = Instant::now();
        for number in 0..count {
            let task = json!({"task_id": format!("t-{number}"), "from": "me", "status": "submitted"});
            let record = TaskRecord::new(serde_json::from_value(task).unwrap());
            store.insert(TaskSide::Delegator, record).await.unwrap();
        }
        f64::from(count) / began.elapsed().as_secs_f64()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "prints figures; run it in release with nothing beside it"]
    async fn tasks_a_second_beside_commits_a_second() {
        println!("commits/s: {:.0}", commits_a_second(2000).await);
        for in_flight in [1, 10, 100, 1000] {
            println!("{in_flight} in flight: {:.0} tasks/s", tasks_a_second(in_flight, 3000).await);
        }
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
