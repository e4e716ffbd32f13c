//! [`told`]: what peers say, as part of an error.

/// The most of a peer's text that an error tells, in bytes.
const MOST: usize = 64 << 10;

/// A peer's text as part of an error: on one line, without what nobody sees, and not endless.
pub(crate) fn told(text: &str) -> String {
    let mut told = String::with_capacity(text.len().min(MOST));
    for char in text.chars() {
        if told.len() >= MOST {
            told.push('…');
            break;
        }
        // Marks and overrides of direction, joiners and separators that nobody sees, tags.
        let hidden = matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        );
        if char.is_control() || hidden {
            told.extend(char.escape_unicode());
        } else {
            told.push(char);
        }
    }
    told
}
