//! The text of a foreign error with its causes; the errors of this crate print their own causes.

use std::error::Error;

/// An error's text, and that of each of its sources.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
