//! [`shown`]: a peer's text, made safe for a message, a log or a terminal.

use std::fmt::{self, Display, Write};

/// So many characters of a peer's text are shown (`SUB-11a`).
const MOST: usize = 200;

/// So many of a text of this program that may quote a peer.
const MOST_QUOTING: usize = 2000;

/// What somebody else wrote. It is printed in one line of a bounded number of characters, without what ends lines, moves a
/// terminal's cursor, or makes text read in another order than it is written: those are escaped.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'t, T: ?Sized> {
    text: &'t T,
    most: usize,
}

/// Shows what a peer wrote: at most 200 characters of it. All that comes from peers is logged, and printed by errors,
/// through this; the test `tests/structure/logged.rs` holds each log line against it.
pub(crate) fn shown<T: Display + ?Sized>(text: &T) -> Shown<'_, T> {
    Shown { text, most: MOST }
}

/// Shows what this program's user wrote and a peer's text may be part of, as an error's or a panic's message: more of it,
/// for it is told nowhere else.
pub(crate) fn quoting<T: Display + ?Sized>(text: &T) -> Shown<'_, T> {
    Shown { text, most: MOST_QUOTING }
}

impl<T: Display + ?Sized> Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut escaping = Escaping { out: f, left: self.most, is_cut: false };
        write!(escaping, "{}", self.text)?;
        let is_cut = escaping.is_cut;
        if is_cut { f.write_char('…') } else { Ok(()) }
    }
}

impl<T: Display + ?Sized> fmt::Debug for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// Passes on so many characters, escaped.
struct Escaping<'o, 'f> {
    out: &'o mut fmt::Formatter<'f>,
    left: usize,
    is_cut: bool,
}

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let Some(left) = self.left.checked_sub(1) else {
                self.is_cut = true;
                break;
            };
            self.left = left;
            if is_plain(c) { self.out.write_char(c)? } else { write!(self.out, "{}", c.escape_unicode())? }
        }
        Ok(())
    }
}

/// Whether a character is seen as what it is, and changes nothing of the others.
fn is_plain(c: char) -> bool {
    let hidden = matches!(
        c,
        // Marks and overrides of direction, joiners and separators that nobody sees, tags.
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    );
    !c.is_control() && !hidden
}

/// Makes `Debug` of an error print what `Display` prints: `fn main() -> Result<(), Box<dyn Error>>` ends with it, and a
/// person reads it.
macro_rules! debug_as_display {
    ($($error:ty),+) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )+};
}

pub(crate) use debug_as_display;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_as_it_is_is_escaped() {
        for (text, shown) in [
            ("ein Wert: 7 °C, 日本語", "ein Wert: 7 °C, 日本語"),
            ("a\nb\r\tc", "a\\u{a}b\\u{d}\\u{9}c"),
            ("\u{1b}[31mred\u{9b}0m", "\\u{1b}[31mred\\u{9b}0m"),
            ("user\u{202e}gpj.exe\u{2066}", "user\\u{202e}gpj.exe\\u{2066}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ] {
            assert_eq!(super::shown(text).to_string(), shown);
            assert_eq!(format!("{:?}", super::shown(text)), shown);
        }
    }

    #[test]
    fn at_most_200_characters_are_shown() {
        assert_eq!(shown(&"ü".repeat(200)).to_string(), "ü".repeat(200));
        assert_eq!(shown(&"ü".repeat(201)).to_string(), format!("{}…", "ü".repeat(200)));
    }

    #[test]
    fn what_is_printed_in_pieces_is_one_text() {
        let (a, b) = ("a".repeat(100), "b".repeat(200));
        assert_eq!(shown(&format_args!("{a}\n{b}")).to_string(), format!("{a}\\u{{a}}{}…", &b[..99]));
        assert_eq!(quoting(&format_args!("{a}\n{b}")).to_string(), format!("{a}\\u{{a}}{b}"));
    }
}
