//! How bad a finding is.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Some clients of the dialect, or some ways to use it, do not take it well; the reason names them.
    Warning,
    /// It is refused: the tool, or the whole request that carries it.
    Error,
}
