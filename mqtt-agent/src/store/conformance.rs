//! The contract of [`TaskStore`] as rules for checking any store. Further guarantees of a store, such as durability,
//! are tested beside that store.

// Exported with the feature `broker` alone; tests have it always.
#![cfg_attr(not(feature = "broker"), allow(unreachable_pub))]

mod keeping;
mod order;
mod pruning;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{StoreError, TaskRecord, TaskStore};
use crate::shown::debug_as_display;
use crate::wire::{Identifier, Task, TaskState};

/// Checks a store against the contract of [`TaskStore`], rule by rule. `make` returns a new, empty store each time.
///
/// It cannot check durability or performance, and since it does not wait, it only checks records with an age of zero.
///
/// ```
/// use mqtt_agent::a2a::MemoryStore;
/// use mqtt_agent::testing::check_task_store;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// check_task_store(async || MemoryStore::new()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The first rule that the store breaks, and how.
pub async fn check_task_store<S, F>(make: F) -> Result<(), BrokenRule>
where
    S: TaskStore,
    F: AsyncFn() -> S,
{
    for (rule, check) in RULES {
        let store = Arc::new(make().await);
        check(store).await.map_err(|Broken(what)| BrokenRule { rule, what })?;
    }
    Ok(())
}

/// A violation of the contract of [`TaskStore`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task store breaks the rule `{rule}`: {what}; `TaskStore` has the contract")]
#[non_exhaustive]
pub struct BrokenRule {
    /// The rule's name.
    pub rule: &'static str,
    /// What happened instead.
    pub what: String,
}

debug_as_display!(BrokenRule);

/// Passes every rule to a macro, so that the list is written once.
macro_rules! with_rules {
    ($then:path) => {
        $then! {
            keeping: a_new_store_is_empty,
            keeping: records_come_back_with_every_field,
            keeping: ids_are_compared_byte_by_byte,
            keeping: insert_is_once,
            keeping: of_64_inserts_of_one_id_at_once_one_is_first,
            keeping: sides_do_not_mix,
            keeping: update_takes_the_place_of_what_is_kept,
            keeping: update_of_what_is_not_kept_changes_nothing,
            keeping: an_ended_task_changes_nothing_but_settled,
            keeping: settled_stays_true_once_a_task_has_ended,
            keeping: of_32_ends_at_once_one_holds,
            order: open_gives_what_is_open_in_order_of_insertion,
            order: open_knows_what_is_left_to_do,
            order: open_gives_pages,
            order: open_goes_on_after_a_task_that_was_closed,
            order: open_begins_anew_after_a_task_that_is_not_kept,
            order: open_of_none_gives_none,
            pruning: prune_never_removes_what_has_not_ended,
            pruning: prune_by_age_keeps_what_is_younger,
            pruning: prune_tells_age_by_its_own_clock,
            pruning: prune_removes_what_is_not_settled,
            pruning: prune_by_count_keeps_the_latest_of_each_side,
            pruning: prune_orders_by_the_last_change,
            pruning: prune_counts_no_update_without_effect,
            pruning: a_pruned_task_is_new_when_it_comes_again,
        }
    };
}
#[cfg(test)]
pub(super) use with_rules;

type Check = fn(Arc<dyn TaskStore>) -> BoxFuture<'static, Verdict>;

macro_rules! table {
    ($($module:ident: $rule:ident,)*) => {
        /// Every rule, by its name.
        pub(super) const RULES: &[(&str, Check)] =
            &[$((stringify!($rule), |store| Box::pin($module::$rule(store)))),*];
    };
}
with_rules!(table);

/// The result of checking one rule.
pub(super) type Verdict = Result<(), Broken>;

/// What a store did instead.
#[derive(Debug)]
pub(super) struct Broken(String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should_be: T) -> Verdict {
    if is == should_be { Ok(()) } else { Err(Broken(format!("{what}: {is:?} instead of {should_be:?}"))) }
}

fn record(id: &str) -> Result<TaskRecord, Broken> {
    Ok(TaskRecord::new(Task {
        task_id: Identifier::parse(id).map_err(|error| Broken(error.to_string()))?,
        from: "planner".to_owned(),
        to: "worker".to_owned(),
        kind: "count".to_owned(),
        title: String::new(),
        messages: Vec::new(),
        status: TaskState::Submitted,
        result: None,
        error: None,
        artifacts: Vec::new(),
        created_at: String::new(),
        updated_at: String::new(),
    }))
}

fn ended(id: &str) -> Result<TaskRecord, Broken> {
    let mut record = record(id)?;
    record.task.status = TaskState::Completed;
    Ok(record)
}

fn settled(id: &str) -> Result<TaskRecord, Broken> {
    Ok(TaskRecord { settled: true, ..ended(id)? })
}

fn ids(records: &[TaskRecord]) -> Vec<&str> {
    records.iter().map(|record| record.task.task_id.as_str()).collect()
}

/// Waits for concurrent operations.
async fn join<T>(tasks: Vec<tokio::task::JoinHandle<Result<T, StoreError>>>) -> Result<Vec<T>, Broken> {
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.map_err(|error| Broken(error.to_string()))??);
    }
    Ok(results)
}
