//! [`Task`]: what a skill's handler holds of the task it works on.

use std::sync::Arc;

use crate::param::{ArgumentError, Call, Need, Param};
use crate::wire;

/// The task that a skill works on.
#[derive(Debug, Clone)]
pub struct Task(Arc<wire::Task>);

impl Task {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.task_id.as_str()
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for Task {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        let task = call.context().task.clone();
        task.ok_or_else(|| ArgumentError::new("", "only a skill has a `Task`; make it a `#[skill]`"))
    }
}
