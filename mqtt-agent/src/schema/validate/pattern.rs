//! Patterns: ECMA-262 regular expressions, matched in linear time.

use regex::{Regex, RegexBuilder};

use super::ecma::translated;

/// The sizes of a compiled program that are tried, in KiB. `regex` says no size, only that it is over a limit. The last is
/// the limit: `.{0,255}` is below it, and a megabyte takes seconds even where every state of a program is alive.
const SIZES: [usize; 6] = [1, 4, 16, 64, 256, 1024];

/// A pattern with its text.
#[derive(Debug)]
pub(in crate::schema) struct Pattern {
    text: String,
    regex: Regex,
    /// A bound of its program's size, in KiB.
    size: usize,
}

impl Pattern {
    /// Compiles a pattern, or says why it cannot be matched in linear time.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let broken = |reason: &str| Err(format!("the pattern `{text}` cannot be matched: {reason}"));
        let translated = match translated(text) {
            Ok(translated) => translated,
            Err(refusal) => return broken(&refusal),
        };
        for size in SIZES {
            match RegexBuilder::new(&translated).size_limit(size * 1024).build() {
                Ok(regex) => return Ok(Self { text: text.to_owned(), regex, size }),
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The last line says what is wrong; those above draw it.
                    let error = error.to_string();
                    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    return broken(&format!("{reason}; write it as ECMA-262 has it"));
                }
            }
        }
        Err(format!("the pattern `{text}` is too large; shorten it, or say by a length what it counts"))
    }

    pub(in crate::schema) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The most steps that it takes for a byte of a text: each state of its program may be looked at.
    pub(super) fn steps_for_a_byte(&self) -> usize {
        self.size
    }

    /// The most steps that it takes for a text.
    pub(super) fn steps(&self, text: &str) -> usize {
        text.len().saturating_mul(self.size).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_would_take_more_than_linear_time_is_refused_with_what_to_write() {
        for pattern in ["^(?!a)", r"(a)\1", "(?<=a)b", r"(?<n>a)\k<n>"] {
            let error = Pattern::new(pattern).unwrap_err();
            assert!(
                error.contains(pattern)
                    && error.ends_with("write it without look-around and back-references"),
                "{error}"
            );
        }
        let error = Pattern::new("(").unwrap_err();
        assert!(error.ends_with("write it as ECMA-262 has it"), "{error}");
    }

    #[test]
    fn a_pattern_that_takes_much_memory_is_refused() {
        for pattern in ["((a{1000}){1000}){10}", r"^[\s\S]{0,5000}$"] {
            let error = Pattern::new(pattern).unwrap_err();
            assert!(error.contains("is too large; shorten it"), "{error}");
        }
        for pattern in ["^.{0,255}$", r"^[\p{L} '-]+$", "^[0-9a-f]{1024}$"] {
            assert!(Pattern::new(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn a_larger_pattern_takes_more_steps() {
        let steps = |pattern: &str| Pattern::new(pattern).unwrap().steps("abcdefgh");
        assert!(steps("^a$") < steps(r"^\p{L}$") && steps(r"^\p{L}$") < steps(r"^\p{L}{9}$"));
    }
}
