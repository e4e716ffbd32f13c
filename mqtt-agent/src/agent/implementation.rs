//! [`AgentImpl`]: what `#[agent]` leaves behind for a type.

use crate::registry::{EventDef, HandlerDef, ToolDef};

/// A type whose methods are tools and topic handlers. `#[agent]` on an `impl` block implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no agent",
    label = "has no methods that could be served",
    note = "write `#[agent]` above an `impl` block of the type, and `#[tool]` above the methods in it"
)]
pub trait AgentImpl: Sized + 'static {
    /// The agent's id, where `Agent::id` gives no other.
    const ID: &'static str;
    /// The methods with `#[tool]`.
    #[doc(hidden)]
    const TOOLS: &'static [&'static ToolDef];
    /// The methods with `#[on]` and `#[request]`.
    #[doc(hidden)]
    const HANDLERS: &'static [&'static HandlerDef];
    /// The methods with `#[event]`.
    #[doc(hidden)]
    const EVENTS: &'static [&'static EventDef];
}

/// What handlers can share: generated code asks for it at the user's type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an agent",
    label = "its handlers run on several threads at once, and it cannot be shared between them",
    note = "make it `Send + Sync`: put what changes into a `Mutex`, an atomic or behind a channel"
)]
pub trait Shareable {
    /// Named by generated code, so that the compiler asks for the trait.
    const SHARED: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shareable for T {}
