//! Rules for `prune`.

use std::sync::Arc;
use std::time::Duration;

use super::{Verdict, ended, ids, record, same, settled};
use crate::store::TaskSide::{Delegator, Executor};
use crate::store::{Retention, TaskRecord, TaskStore};

type Store = Arc<dyn TaskStore>;

fn age(age: Duration) -> Retention {
    Retention { age, count: usize::MAX }
}

fn count(count: usize) -> Retention {
    Retention { age: Duration::MAX, count }
}

const HOUR: Duration = Duration::from_secs(3600);

pub(super) async fn prune_never_removes_what_has_not_ended(store: Store) -> Verdict {
    for id in ["a", "b", "c"] {
        store.insert(Executor, record(id)?).await?;
        store.insert(Delegator, TaskRecord { settled: true, ..record(id)? }).await?;
    }
    same("`prune`", store.prune(&Retention { age: Duration::ZERO, count: 0 }).await?, 0)?;
    for side in [Executor, Delegator] {
        same("`open`", ids(&store.open(side, None, 10).await?), vec!["a", "b", "c"])?;
    }
    Ok(())
}

pub(super) async fn prune_by_age_keeps_what_is_younger(store: Store) -> Verdict {
    store.insert(Executor, settled("a")?).await?;
    store.insert(Delegator, settled("b")?).await?;
    same("younger than for ever", store.prune(&age(Duration::MAX)).await?, 0)?;
    same("younger than an hour", store.prune(&age(HOUR)).await?, 0)?;
    same("no younger than nothing", store.prune(&age(Duration::ZERO)).await?, 2)?;
    same("what is kept", store.get(Executor, "a").await?, None)?;
    same("what is kept", store.get(Delegator, "b").await?, None)
}

pub(super) async fn prune_tells_age_by_its_own_clock(store: Store) -> Verdict {
    for (id, time) in [("past", "1970-01-01T00:00:00Z"), ("future", "2999-01-01T00:00:00Z")] {
        let mut record = settled(id)?;
        record.task.created_at = time.to_owned();
        record.task.updated_at = time.to_owned();
        store.insert(Executor, record).await?;
    }
    same("younger than an hour", store.prune(&age(HOUR)).await?, 0)?;
    same("no younger than nothing", store.prune(&age(Duration::ZERO)).await?, 2)
}

pub(super) async fn prune_removes_what_is_not_settled(store: Store) -> Verdict {
    store.insert(Executor, ended("a")?).await?;
    store.insert(Executor, record("b")?).await?;
    store.insert(Executor, ended("c")?).await?;
    same("`prune`", store.prune(&count(1)).await?, 1)?;
    same("what is open", ids(&store.open(Executor, None, 10).await?), vec!["b", "c"])
}

pub(super) async fn prune_by_count_keeps_the_latest_of_each_side(store: Store) -> Verdict {
    for id in ["a", "b", "c", "d"] {
        store.insert(Executor, settled(id)?).await?;
    }
    store.insert(Delegator, settled("a")?).await?;
    same("no more than those", store.prune(&count(4)).await?, 0)?;
    same("two more than those", store.prune(&count(2)).await?, 2)?;
    for (id, kept) in [("a", false), ("b", false), ("c", true), ("d", true)] {
        same(id, store.get(Executor, id).await?.is_some(), kept)?;
    }
    same("the other side", store.get(Delegator, "a").await?.is_some(), true)?;
    same("none", store.prune(&count(0)).await?, 3)
}

pub(super) async fn prune_orders_by_the_last_change(store: Store) -> Verdict {
    store.insert(Executor, record("ends last")?).await?;
    store.insert(Executor, ended("settles later")?).await?;
    store.insert(Executor, settled("ended first")?).await?;
    store.update(Executor, settled("settles later")?).await?;
    store.update(Executor, settled("ends last")?).await?;
    for kept in [2, 1] {
        same("`prune`", store.prune(&count(kept)).await?, 1)?;
        let first = store.get(Executor, "ended first").await?.is_some();
        same("`ended first`", first, false)?;
        same("`settles later`", store.get(Executor, "settles later").await?.is_some(), kept == 2)?;
    }
    same("`ends last`", store.get(Executor, "ends last").await?.is_some(), true)
}

pub(super) async fn prune_counts_no_update_without_effect(store: Store) -> Verdict {
    store.insert(Executor, settled("a")?).await?;
    store.insert(Executor, settled("b")?).await?;
    store.update(Executor, record("a")?).await?;
    store.update(Executor, settled("a")?).await?;
    store.insert(Executor, settled("a")?).await?;
    same("`prune`", store.prune(&count(1)).await?, 1)?;
    same("`a`", store.get(Executor, "a").await?.is_some(), false)
}

pub(super) async fn a_pruned_task_is_new_when_it_comes_again(store: Store) -> Verdict {
    store.insert(Executor, settled("a")?).await?;
    store.insert(Executor, record("b")?).await?;
    same("`prune`", store.prune(&count(0)).await?, 1)?;
    same("`update`", store.update(Executor, record("a")?).await?, false)?;
    same("`insert`", store.insert(Executor, record("a")?).await?, None)?;
    same("`open`", ids(&store.open(Executor, None, 10).await?), vec!["b", "a"])
}
