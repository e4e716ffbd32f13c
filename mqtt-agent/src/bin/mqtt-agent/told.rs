//! [`told`], [`named`]: what peers say, and how they call things, as part of an error.

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

/// The most of a name that an error tells, in characters.
const NAME: usize = 64;

/// The name of something of a peer's, as part of an error.
pub(crate) fn named(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", told(name.get(..end).unwrap_or_default())),
        None => told(name),
    }
}

/// How many names of a peer's are told.
const NAMES: usize = 8;

/// Some of a peer's names, and whether there are more.
pub(crate) fn some_named<'n>(mut names: impl Iterator<Item = &'n str>) -> String {
    let mut some: Vec<String> = names.by_ref().take(NAMES).map(|name| format!("`{}`", named(name))).collect();
    if names.next().is_some() {
        some.push("..".to_owned());
    }
    some.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_peers_stand_on_one_line_and_are_not_endless() {
        assert_eq!(some_named(["a", "b\nc"].into_iter()), "`a`, `b\\u{a}c`");
        let long = "n".repeat(100_000);
        let some = some_named(std::iter::repeat_n(long.as_str(), 10_000));
        assert_eq!(some.matches('`').count(), 2 * NAMES);
        assert!(some.ends_with("…`, .."));
    }
}
