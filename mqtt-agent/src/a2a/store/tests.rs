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
