//! Both stores give the same results for any sequence of operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::a2a::{MemoryStore, Retention};
use crate::store::clock::Clock;

#[derive(Debug, Clone)]
enum Operation {
    Insert(TaskSide, TaskRecord),
    Get(TaskSide, &'static str),
    Update(TaskSide, TaskRecord),
    Open(TaskSide, Option<&'static str>, usize),
    Prune(u64, usize),
    /// The clock moves, perhaps back.
    Pass(i64),
    Reopen,
}

const IDS: [&str; 6] = ["a", "b", "ä", "任务", "e", "A"];

fn id() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&IDS[..])
}

fn side() -> impl Strategy<Value = TaskSide> {
    prop_oneof![3 => Just(TaskSide::Executor), 1 => Just(TaskSide::Delegator)]
}

fn any_record() -> impl Strategy<Value = TaskRecord> {
    let state = prop_oneof![
        Just(TaskState::Submitted),
        Just(TaskState::Working),
        Just(TaskState::Completed),
        Just(TaskState::Failed)
    ];
    (id(), state, any::<bool>(), any::<u32>(), proptest::option::of(any::<f64>()), any::<String>()).prop_map(
        |(id, state, settled, attempts, result, title)| {
            let mut record = TaskRecord { settled, attempts, ..record(id) };
            record.task.status = state;
            record.task.result = result.map(|number| json!({"number": number}));
            record.task.title = title;
            record
        },
    )
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (side(), any_record()).prop_map(|(side, record)| Operation::Insert(side, record)),
        6 => (side(), any_record()).prop_map(|(side, record)| Operation::Update(side, record)),
        2 => (side(), id()).prop_map(|(side, id)| Operation::Get(side, id)),
        3 => (side(), proptest::option::of(id()), 0..8_usize)
            .prop_map(|(side, after, limit)| Operation::Open(side, after, limit)),
        2 => (0..4_u64, 0..6_usize).prop_map(|(age, count)| Operation::Prune(age, count)),
        3 => (-1..4_i64).prop_map(Operation::Pass),
        1 => Just(Operation::Reopen),
    ]
}

async fn run(operations: Vec<Operation>) {
    let now = Arc::new(AtomicI64::new(1_000_000));
    let clock = Clock::Manual(now.clone());
    let memory = MemoryStore::with_clock(clock.clone());
    let (_directory, path) = place();
    // Unsynced, for there are thousands of commits.
    let settings = Settings { clock, synchronous: "OFF", ..Settings::default() };
    let mut sqlite = SqliteStore::open_with(path.clone(), settings.clone()).await.unwrap();
    for operation in operations {
        match operation {
            Operation::Insert(side, record) => {
                assert_eq!(memory.insert(side, record.clone()).await, sqlite.insert(side, record).await);
            }
            Operation::Get(side, id) => assert_eq!(memory.get(side, id).await, sqlite.get(side, id).await),
            Operation::Update(side, record) => {
                assert_eq!(memory.update(side, record.clone()).await, sqlite.update(side, record).await);
            }
            Operation::Open(side, after, limit) => {
                assert_eq!(memory.open(side, after, limit).await, sqlite.open(side, after, limit).await);
            }
            Operation::Prune(age, count) => {
                let retention = Retention { age: Duration::from_millis(age), count };
                assert_eq!(memory.prune(&retention).await, sqlite.prune(&retention).await);
            }
            Operation::Pass(time) => drop(now.fetch_add(time, Ordering::SeqCst)),
            Operation::Reopen => {
                sqlite.close().await;
                sqlite = SqliteStore::open_with(path.clone(), settings.clone()).await.unwrap();
            }
        }
    }
    for side in [TaskSide::Executor, TaskSide::Delegator] {
        assert_eq!(memory.open(side, None, 100).await, sqlite.open(side, None, 100).await);
        for id in IDS {
            assert_eq!(memory.get(side, id).await, sqlite.get(side, id).await);
        }
    }
    sqlite.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn both_stores_give_the_same(operations in proptest::collection::vec(operation(), 1..80)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run(operations));
    }
}
