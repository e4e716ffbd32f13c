//! Patterns: regular expressions as ECMA-262 writes them, matched in linear time.

use regex::Regex;

/// A pattern with its text.
#[derive(Debug)]
pub(in crate::schema) struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern, or says why it cannot be matched in linear time.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        match Regex::new(&translated(text)) {
            Ok(regex) => Ok(Self { text: text.to_owned(), regex }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(format!("the pattern `{text}` is too large; shorten it"))
            }
            Err(error) => {
                // The last line says what is wrong; those above draw it.
                let error = error.to_string();
                let reason =
                    error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Err(format!(
                    "the pattern `{text}` cannot be matched: {reason}; write it without look-around and back-references"
                ))
            }
        }
    }

    pub(in crate::schema) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// The classes `\d`, `\w` and `\s` are ASCII's and ECMAScript's white space there, and all of Unicode's here.
fn translated(text: &str) -> String {
    const SPACE: &str = r"\t\n\x0b\x0c\r \u{a0}\u{feff}\p{Zs}\u{2028}\u{2029}";
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('d') => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
                Some('D') => out.push_str("[^0-9]"),
                Some('w') => out.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
                Some('W') => out.push_str("[^0-9A-Za-z_]"),
                Some('s') if in_class => out.push_str(SPACE),
                Some('s') => out.push_str(&format!("[{SPACE}]")),
                Some('S') => out.push_str(&format!("[^{SPACE}]")),
                Some('c') => match chars.next() {
                    Some(letter) => out.push_str(&format!("\\x{:02x}", u32::from(letter) % 32)),
                    None => out.push_str("\\c"),
                },
                Some('/') => out.push('/'),
                Some('b') if !in_class => out.push_str(r"(?-u:\b)"),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                out.push('[');
                if chars.peek() == Some(&'^') {
                    out.push('^');
                    chars.next();
                }
            }
            ']' => {
                in_class = false;
                out.push(']');
            }
            // Operators of classes there are none of in ECMAScript.
            '&' | '~' if in_class && chars.peek() == Some(&c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn classes_are_those_of_ecmascript() {
        assert!(matches(r"^\d+$", "42") && !matches(r"^\d+$", "४२"));
        assert!(matches(r"^[\d_x]+$", "4_x") && !matches(r"^\w$", "é") && matches(r"^\W$", "é"));
        assert!(matches(r"^\s\S$", "\u{feff}a") && matches(r"^[\s]$", "\u{a0}"));
        assert!(matches(r"^\cA$", "\u{1}") && matches(r"^a\/b$", "a/b") && matches(r"^\p{L}$", "é"));
        assert!(matches(r"^[[&&]+$", "[&") && matches("^🐲*$", "🐲🐲") && matches(r"^\u00e9$", "é"));
        assert!(!matches("^a$", "a\n") && matches("b", "abc"));
    }

    #[test]
    fn what_would_take_more_than_linear_time_is_refused_with_what_to_write() {
        for pattern in ["^(?!a)", r"(a)\1", "(?<=a)b", "("] {
            let error = Pattern::new(pattern).unwrap_err();
            assert!(
                error.contains(pattern)
                    && error.ends_with("write it without look-around and back-references"),
                "{error}"
            );
        }
        assert!(Pattern::new("((a{1000}){1000}){10}").unwrap_err().ends_with("shorten it"));
    }
}
