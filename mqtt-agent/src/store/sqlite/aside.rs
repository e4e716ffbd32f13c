//! Unreadable records. They stay in the file unchanged, and do not block other records.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::shown::{quoting, shown};
use crate::store::{StoreError, TaskSide};

/// A record that cannot be read: it was damaged, or a later version wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// The side that the record belongs to.
    pub side: TaskSide,
    /// The task's id.
    pub task_id: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Those that were come upon since the file was opened.
#[derive(Debug, Default)]
pub(super) struct Aside(Mutex<BTreeMap<(TaskSide, String), String>>);

impl Aside {
    fn known(&self) -> MutexGuard<'_, BTreeMap<(TaskSide, String), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports one, once.
    pub(super) fn add(&self, side: TaskSide, task_id: String, reason: String) -> StoreError {
        let error = unreadable(&task_id, &reason);
        if self.known().insert((side, task_id.clone()), reason.clone()).is_none() {
            let side = side.as_str();
            crate::log::error!(task = %shown(&task_id), side = %shown(side), reason = %quoting(&reason), "failed to read a task of the store, which is set aside");
        }
        error
    }

    /// A task that is new has its id now.
    pub(super) fn remove(&self, side: TaskSide, task_id: &str) {
        let mut known = self.known();
        // Nearly always.
        if !known.is_empty() {
            known.remove(&(side, task_id.to_owned()));
        }
    }

    /// An error where one of this id was set aside: nothing is written over it.
    pub(super) fn check(&self, side: TaskSide, task_id: &str) -> Result<(), StoreError> {
        let known = self.known();
        if known.is_empty() {
            return Ok(());
        }
        match known.get(&(side, task_id.to_owned())) {
            Some(reason) => Err(unreadable(task_id, reason)),
            None => Ok(()),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.known().len()
    }

    pub(super) fn all(&self) -> Vec<SetAside> {
        let known = self.known();
        let all = known.iter().map(|((side, task_id), reason)| SetAside {
            side: *side,
            task_id: task_id.clone(),
            reason: reason.clone(),
        });
        all.collect()
    }
}

fn unreadable(task_id: &str, reason: &str) -> StoreError {
    StoreError::Unreadable { reason: format!("task `{task_id}`: {reason}") }
}
