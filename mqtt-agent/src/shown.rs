//! [`Shown`]: a peer's text as it may stand in a message, a log or on a terminal.

use std::fmt::{self, Write};

/// So many characters are shown (`SUB-11a`).
const MOST: usize = 200;

/// Text that somebody else wrote. It is printed in one line of at most 200 characters, without what ends lines, moves a
/// terminal's cursor, or makes text read in another order than it is written: those are escaped.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'t>(pub(crate) &'t str);

/// Shows a text.
pub(crate) fn shown(text: &str) -> Shown<'_> {
    Shown(text)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for c in characters.by_ref().take(MOST) {
            if is_plain(c) { f.write_char(c)? } else { write!(f, "{}", c.escape_unicode())? }
        }
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
            assert_eq!(Shown(text).to_string(), shown);
            assert_eq!(format!("{:?}", Shown(text)), shown);
        }
    }

    #[test]
    fn at_most_200_characters_are_shown() {
        assert_eq!(shown(&"ü".repeat(200)).to_string(), "ü".repeat(200));
        assert_eq!(shown(&"ü".repeat(201)).to_string(), format!("{}…", "ü".repeat(200)));
    }
}
