//! How hosts read tools and results.

/// Which hosts: those that say `initialize`, or those of revision 2026-07-28 and later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Legacy,
    Modern,
}

/// How a host reads tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reader {
    pub(super) era: Era,
    /// Whether it takes a task for an answer; else it takes a handle.
    pub(super) takes_tasks: bool,
}

/// What a tool says of its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// Nothing.
    Undeclared,
    /// They are objects.
    Object,
    /// They are something else, or may be: legacy hosts get them wrapped.
    Wrapped,
}
