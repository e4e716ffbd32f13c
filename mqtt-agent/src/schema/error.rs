//! The errors of a definition's schemas.

use crate::shown::debug_as_display;

/// Why the schemas of a tool or a skill cannot be served.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// One argument has an invalid schema.
    #[error("argument `{argument}`: {reason}")]
    Argument {
        /// The argument.
        argument: String,
        /// What is wrong and what to write instead.
        reason: String,
    },
    /// The parameters together have an invalid schema.
    #[error("{0}")]
    Parameters(String),
}

debug_as_display!(SchemaError);
