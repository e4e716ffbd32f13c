//! The characters that names may have.

/// The longest part of a bad name that is told back, in characters.
const EXCERPT: usize = 64;

/// A set of characters, by a function.
pub(super) type Set = fn(char) -> bool;

/// Letters, digits and `_`.
pub(super) fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// With `-`.
pub(super) fn hyphenated(c: char) -> bool {
    word(c) || c == '-'
}

/// With `-` and `.`.
pub(super) fn dotted(c: char) -> bool {
    hyphenated(c) || c == '.'
}

/// With `-`, `.` and `:`.
pub(super) fn scoped(c: char) -> bool {
    dotted(c) || c == ':'
}

/// A name that is empty, too long, or has a character outside the set.
pub(super) fn outside(name: &str, set: Set, longest: usize) -> Option<String> {
    let length = name.chars().count();
    if name.is_empty() {
        return Some("the name is empty".to_owned());
    }
    if length > longest {
        return Some(format!("the name has {length} characters, over {longest}"));
    }
    let character = name.chars().find(|c| !set(*c))?;
    Some(format!("the name `{}` has the character {character:?}", shown(name)))
}

/// As [`outside`], and the first character is a letter or `_`.
pub(super) fn no_identifier(name: &str, set: Set, longest: usize) -> Option<String> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let first = || (!starts).then(|| format!("the name `{}` starts with no letter and no `_`", shown(name)));
    outside(name, set, longest).or_else(first)
}

pub(super) fn shown(name: &str) -> String {
    name.chars().take(EXCERPT).collect::<String>().escape_debug().to_string()
}
