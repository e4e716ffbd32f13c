//! [`ServedTool`]: the data of a tool that calls need, for annotated tools and tools made at run time.

use std::time::Duration;

use crate::handler::registry::{Location, ToolDef};
use crate::handler::run::Job;

/// One tool.
#[derive(Debug, Clone)]
pub(crate) struct ServedTool {
    pub(crate) name: &'static str,
    pub(crate) timeout: Option<Duration>,
    pub(crate) concurrency: Option<u32>,
    /// The only callers that may call it.
    pub(crate) allow: Option<Vec<String>>,
    pub(crate) job: Job,
}

impl ServedTool {
    pub(crate) fn location(&self) -> Location {
        self.job.location
    }
}

impl From<&'static ToolDef> for ServedTool {
    fn from(tool: &'static ToolDef) -> Self {
        let ToolDef { name, handler, location, timeout, concurrency, allow, .. } = *tool;
        Self {
            name,
            timeout,
            concurrency,
            allow: allow.map(|callers| callers.iter().map(|&caller| caller.to_owned()).collect()),
            job: Job { name, handler: handler.into(), location },
        }
    }
}
