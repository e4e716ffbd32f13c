//! The codes of the errors that the runtime itself gives; those of tools and skills are their own.

/// Comes with `tool_error`: the answer to a call that came twice was too large to be kept.
pub const ANSWER_FORGOTTEN: &str = "answer_forgotten";
/// Comes with `unavailable`: as much waits already as [`Limits`](crate::Limits) say, or this caller's calls wait for each
/// other. Nothing was run; try again later.
pub const BUSY: &str = "busy";
/// Comes with `unavailable`: the agent writes an audit log that is full. Nothing was run; try again later.
pub const AUDIT_FULL: &str = "audit_full";
/// Comes with `tool_error`: the caller cancelled it.
pub const CANCELED: &str = "canceled";
/// Comes with `tool_error`: the result is larger than a message, and its chunks did not get through (`MCP-22`).
pub const CHUNKS_LOST: &str = "chunks_lost";
/// Comes with `task_error`: the agent's process ended while it worked on the task, and the skill says not to begin again.
pub const CRASHED: &str = "crashed";
/// Comes with `tool_error`: an error that is kept from the caller; the agent's log has it.
pub const INTERNAL: &str = "internal";
/// Comes with `invalid_arguments`: the call cannot be read.
pub const MALFORMED_CALL: &str = "malformed_call";
/// Comes with `invalid_arguments`: the payload of a request is no JSON.
pub const MALFORMED_PAYLOAD: &str = "malformed_payload";
/// Comes with `unavailable`: the agent serves it no more.
pub const NOT_SERVED: &str = "not_served";
/// Comes with `tool_error`: the handler panicked; the agent's log says where.
pub const PANIC: &str = "panic";
/// Comes with `unavailable`: the connection ended again and again at this message, which was given up.
pub const POISON: &str = "poison";
/// Comes with `unavailable` and `retry_after_ms`: too many calls of this caller. Nothing was run.
pub const RATE_LIMITED: &str = "rate_limited";
/// Comes with `unavailable`: the agent stops. Of a tool nothing was run.
pub const STOPPING: &str = "stopping";
/// Comes with `unavailable`: the agent cannot store tasks now.
pub const STORE: &str = "store";
/// Comes with `invalid_arguments`: to check the arguments would take too long (`MCP-8a`).
pub const TOO_COMPLEX: &str = "too_complex";
/// Comes with `tool_error` or `task_error`: the result is larger than its receiver, the broker or the agent takes
/// (`SUB-14`).
pub const TOO_LARGE: &str = "too_large";
/// Comes with `timeout`: nothing was heard of a task by its deadline. The delegator gives it to itself.
pub const UNHEARD: &str = "unheard";
/// Comes with `invalid_arguments`: another task has the id.
pub const ID_TAKEN: &str = "id_taken";
/// Comes with `task_error`: the agent's result cannot be read. The delegator gives it to itself.
pub const UNREADABLE: &str = "unreadable";
/// Comes with `invalid_arguments`: the agent has no such skill.
pub const UNKNOWN_SKILL: &str = "unknown_skill";
/// Comes with `invalid_arguments`: a message named a task by its id alone, and the agent has none of it (`A2A-6`).
pub const UNKNOWN_TASK: &str = "unknown_task";
