//! What `#[mqtt_agent::test]` knows of a function.

use syn::{Expr, ItemFn, Path, Type};

/// A test.
pub(crate) struct Test {
    /// The function without the attributes, which go to the one that the test harness calls.
    pub(crate) function: ItemFn,
    pub(crate) attributes: Vec<syn::Attribute>,
    pub(crate) parameters: Vec<Type>,
    pub(crate) agent: Option<Expr>,
    pub(crate) timeout_ms: Option<u64>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}
