//! Each rule of the contract is a test of each store.

use std::sync::Arc;

use super::conformance::with_rules;

mod memory {
    use super::*;
    use crate::a2a::MemoryStore;

    macro_rules! tests {
        ($($module:ident: $rule:ident,)*) => {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                super::check(stringify!($rule), Arc::new(MemoryStore::new())).await;
            }
        )*};
    }
    with_rules!(tests);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use crate::a2a::SqliteStore;

    macro_rules! tests {
        ($($module:ident: $rule:ident,)*) => {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let directory = tempfile::tempdir().unwrap();
                let store = SqliteStore::open(directory.path().join("tasks.db")).await.unwrap();
                super::check(stringify!($rule), Arc::new(store.clone())).await;
                store.close().await;
            }
        )*};
    }
    with_rules!(tests);
}

async fn check(name: &str, store: Arc<dyn super::TaskStore>) {
    let (_, rule) = super::conformance::RULES.iter().find(|(rule, _)| *rule == name).unwrap();
    rule(store).await.unwrap();
}

mod caught {
    use std::sync::Arc;

    use crate::a2a::{MemoryStore, Retention, StoreFuture, TaskRecord, TaskSide, TaskStore};
    use crate::store::conformance::check_task_store;

    #[tokio::test]
    async fn a_good_store_breaks_no_rule() {
        assert_eq!(check_task_store(async || MemoryStore::new()).await, Ok(()));
        assert_eq!(
            check_task_store(async || Arc::new(MemoryStore::new())).await,
            Ok(()),
            "an `Arc` is its store"
        );
    }

    /// Keeps the last record of a task instead of the first.
    #[derive(Debug, Default)]
    struct Forgetful(MemoryStore);

    impl TaskStore for Forgetful {
        fn insert(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, Option<TaskRecord>> {
            Box::pin(async move {
                self.0.update(side, record.clone()).await?;
                self.0.insert(side, record).await
            })
        }

        fn get<'a>(&'a self, side: TaskSide, task_id: &'a str) -> StoreFuture<'a, Option<TaskRecord>> {
            self.0.get(side, task_id)
        }

        fn update(&self, side: TaskSide, record: TaskRecord) -> StoreFuture<'_, bool> {
            self.0.update(side, record)
        }

        fn open<'a>(
            &'a self,
            side: TaskSide,
            after: Option<&'a str>,
            limit: usize,
        ) -> StoreFuture<'a, Vec<TaskRecord>> {
            self.0.open(side, after, limit)
        }

        fn prune<'a>(&'a self, retention: &'a Retention) -> StoreFuture<'a, usize> {
            self.0.prune(retention)
        }
    }

    #[tokio::test]
    async fn a_bad_store_is_told_its_rule() {
        let broken = check_task_store(async || Forgetful::default()).await.unwrap_err();
        assert_eq!(broken.rule, "insert_is_once");
        assert!(
            broken.to_string().contains("the task store breaks the rule `insert_is_once`: the second time:")
        );
    }
}
