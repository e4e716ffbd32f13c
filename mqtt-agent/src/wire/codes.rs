//! The codes of errors from the runtime. Tools and skills define their own codes.

/// Comes with `tool_error`: the answer to a redelivered call was too large to be stored.
pub const ANSWER_FORGOTTEN: &str = "answer_forgotten";
/// Comes with `unavailable`: the queues are full ([`Limits`](crate::Limits)), or nested calls would wait for each
/// other. The handler did not run; try again later.
pub const BUSY: &str = "busy";
/// Comes with `unavailable`: the agent writes an audit log that is full. Nothing was run; try again later.
pub const AUDIT_FULL: &str = "audit_full";
/// Comes with `tool_error`: the caller cancelled the call.
pub const CANCELED: &str = "canceled";
/// Comes with `tool_error`: the result is larger than a message, and its chunks did not get through (`MCP-22`).
pub const CHUNKS_LOST: &str = "chunks_lost";
/// Comes with `task_error`: the agent's process died during the task, and the skill has
/// `on_crash = "fail"`, or its attempts are used up.
pub const CRASHED: &str = "crashed";
/// Comes with `tool_error`: an internal error; the agent's log has the details.
pub const INTERNAL: &str = "internal";
/// Comes with `invalid_arguments`: the call cannot be read.
pub const MALFORMED_CALL: &str = "malformed_call";
/// Comes with `invalid_arguments`: the payload of a request is not JSON.
pub const MALFORMED_PAYLOAD: &str = "malformed_payload";
/// Comes with `unavailable`: the agent no longer serves it.
pub const NOT_SERVED: &str = "not_served";
/// Comes with `tool_error`: the handler panicked; the agent's log says where.
pub const PANIC: &str = "panic";
/// Comes with `unavailable`: a poison message, at which the connection ended repeatedly.
pub const POISON: &str = "poison";
/// Comes with `unavailable` and `retry_after_ms`: too many calls from this caller. Nothing was run.
pub const RATE_LIMITED: &str = "rate_limited";
/// Comes with `unavailable`: the agent is stopping. A tool's handler did not run.
pub const STOPPING: &str = "stopping";
/// Comes with `unavailable`: the agent cannot store tasks now.
pub const STORE: &str = "store";
/// Comes with `invalid_arguments`: checking the arguments would take too long (`MCP-8a`).
pub const TOO_COMPLEX: &str = "too_complex";
/// Comes with `tool_error` or `task_error`: the result exceeds the limit of its receiver, the broker or the agent
/// (`SUB-14`).
pub const TOO_LARGE: &str = "too_large";
/// Comes with `timeout`: the agent sent nothing about a task by its deadline. Set by the delegator.
pub const UNHEARD: &str = "unheard";
/// Comes with `invalid_arguments`: another task has the id.
pub const ID_TAKEN: &str = "id_taken";
/// Comes with `task_error`: the agent's result cannot be read. Set by the delegator.
pub const UNREADABLE: &str = "unreadable";
/// Comes with `invalid_arguments`: the agent has no such skill.
pub const UNKNOWN_SKILL: &str = "unknown_skill";
/// Comes with `invalid_arguments`: a message contained only the id of a task, and the agent does not have that task
/// (`A2A-6`).
pub const UNKNOWN_TASK: &str = "unknown_task";
