//! Converts an ECMA-262 pattern to a pattern of the crate `regex` that matches the same texts.
//!
//! Patterns are read as with the flag `u`, as JSON Schema requires, with two exceptions as without it: punctuation may
//! be escaped anywhere, and a `-` next to a class such as `\w` is literal. Syntax that has another meaning in `regex`
//! is converted: `.`, the operators of classes, `\<`. Syntax that ECMA-262 does not have is refused.

use std::iter::Peekable;
use std::str::Chars;

/// Why a pattern is not translated, and what to write.
pub(super) type Refusal = String;

const DIGITS: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0b\x0c\r \u{a0}\u{feff}\p{Zs}\u{2028}\u{2029}";
const ANY: &str = r"\x{0}-\x{10ffff}";
/// `.` matches no end of a line, and there are four of them.
const DOT: &str = r"[^\n\r\u{2028}\u{2029}]";

/// Translates a pattern.
pub(super) fn translated(text: &str) -> Result<String, Refusal> {
    let mut translator = Translator {
        rest: text.chars().peekable(),
        out: String::with_capacity(text.len()),
        groups: Vec::new(),
        dot_has_all: false,
    };
    translator.all()?;
    Ok(translator.out)
}

struct Translator<'t> {
    rest: Peekable<Chars<'t>>,
    out: String,
    /// What `dot_has_all` was around each open group.
    groups: Vec<bool>,
    /// Whether `.` matches ends of lines too: within `(?s:..)`.
    dot_has_all: bool,
}

/// What stands for one character.
enum Atom {
    Char(char),
    /// One of several, as it is written within a class.
    Set(String),
}

impl Translator<'_> {
    fn all(&mut self) -> Result<(), Refusal> {
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => self.escaped()?,
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    self.dot_has_all = self.groups.pop().unwrap_or(false);
                    self.out.push(')');
                }
                '.' => self.out.push_str(if self.dot_has_all { "(?s:.)" } else { DOT }),
                '{' if self.rest.peek() == Some(&',') => return foreign("{,", "{0,"),
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    fn escaped(&mut self) -> Result<(), Refusal> {
        match self.rest.peek() {
            // By ASCII's letters, which `regex` has for what is a border only.
            Some('b') => self.out.push_str(r"(?-u:\b)"),
            Some('B') => self.out.push_str(r"(?-u:\B)"),
            _ => {
                match self.escape(false)? {
                    Atom::Char(c) => push_char(&mut self.out, c),
                    Atom::Set(set) => {
                        self.out.push('[');
                        self.out.push_str(&set);
                        self.out.push(']');
                    }
                }
                return Ok(());
            }
        }
        self.rest.next();
        Ok(())
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<Atom, Refusal> {
        let Some(c) = self.rest.next() else { return Err("it ends in `\\`; write `\\\\`".to_owned()) };
        let set = |set: &str| Ok(Atom::Set(set.to_owned()));
        let char = match c {
            'd' => return set(DIGITS),
            'D' => return set(&format!("[^{DIGITS}]")),
            'w' => return set(WORD),
            'W' => return set(&format!("[^{WORD}]")),
            's' => return set(SPACE),
            'S' => return set(&format!("[^{SPACE}]")),
            'p' | 'P' => return self.property(c),
            'b' if in_class => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'c' => match self.rest.next() {
                Some(letter) if letter.is_ascii_alphabetic() => {
                    char::from_u32(u32::from(letter) % 32).unwrap_or_default()
                }
                _ => return Err("`\\c` is followed by a letter; write `\\x` and two digits".to_owned()),
            },
            '0' if !self.rest.peek().is_some_and(char::is_ascii_digit) => '\0',
            'k' | '0'..='9' => return Err(not_linear("a back-reference")),
            'x' => self.digits(2).and_then(char::from_u32).ok_or_else(|| digits("x", "two"))?,
            'u' => self.unicode()?,
            c if c.is_ascii_alphanumeric() => return Err(format!("ECMA-262 has no `\\{c}`; leave it out")),
            c => c,
        };
        Ok(Atom::Char(char))
    }

    /// `\u0041`, `\u{41}`, or two halves of one character.
    fn unicode(&mut self) -> Result<char, Refusal> {
        let refusal = || digits("u", "four");
        if self.rest.next_if_eq(&'{').is_some() {
            let inner: String = std::iter::from_fn(|| self.rest.next_if(char::is_ascii_hexdigit)).collect();
            let code = u32::from_str_radix(&inner, 16).ok().filter(|_| self.rest.next() == Some('}'));
            return code.and_then(char::from_u32).ok_or_else(refusal);
        }
        let first = self.digits(4).ok_or_else(refusal)?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or_else(refusal);
        }
        let second = match (self.rest.next(), self.rest.next()) {
            (Some('\\'), Some('u')) => self.digits(4).filter(|second| (0xdc00..0xe000).contains(second)),
            _ => None,
        };
        let code = second.map(|second| 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
        code.and_then(char::from_u32)
            .ok_or_else(|| "half a character; write both halves, or `\\u{..}`".to_owned())
    }

    /// A number of so many hexadecimal digits.
    fn digits(&mut self, count: usize) -> Option<u32> {
        (0..count).try_fold(0, |number, _| Some(number * 16 + self.rest.next()?.to_digit(16)?))
    }

    /// `\p{..}`.
    fn property(&mut self, letter: char) -> Result<Atom, Refusal> {
        let mut name = String::new();
        let is_open = self.rest.next() == Some('{');
        let is_of_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '=');
        name.extend(std::iter::from_fn(|| self.rest.next_if(is_of_name)));
        if is_open && self.rest.next() == Some('}') {
            return Ok(Atom::Set(format!("\\{letter}{{{name}}}")));
        }
        Err(format!("`\\{letter}` is followed by a name; write it as `\\{letter}{{L}}`"))
    }

    fn class(&mut self) -> Result<(), Refusal> {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut set = String::new();
        while let Some(first) = self.atom_of_class()? {
            // A `-` before the end is itself.
            let mut ahead = self.rest.clone();
            if ahead.next() != Some('-') || matches!(ahead.peek(), Some(']') | None) {
                push_atom(&mut set, &first);
                continue;
            }
            self.rest = ahead;
            let Some(last) = self.atom_of_class()? else { break };
            match (&first, &last) {
                (Atom::Char(first), Atom::Char(last)) if first > last => {
                    return Err(format!("`{first}-{last}` begins after its end; write `{last}-{first}`"));
                }
                (Atom::Char(first), Atom::Char(last)) => {
                    push_char(&mut set, *first);
                    set.push('-');
                    push_char(&mut set, *last);
                }
                _ => {
                    push_atom(&mut set, &first);
                    set.push_str("\\-");
                    push_atom(&mut set, &last);
                }
            }
        }
        // `[]` is nothing, and `[^]` anything.
        let (is_negated, set) = if set.is_empty() { (!is_negated, ANY) } else { (is_negated, set.as_str()) };
        self.out.push_str(if is_negated { "[^" } else { "[" });
        self.out.push_str(set);
        self.out.push(']');
        Ok(())
    }

    /// `None` at the end of the class.
    fn atom_of_class(&mut self) -> Result<Option<Atom>, Refusal> {
        match self.rest.next() {
            None => Err("a `[` is not closed; write `]` behind it, or `\\[`".to_owned()),
            Some(']') => Ok(None),
            Some('\\') => self.escape(true).map(Some),
            Some(c) => Ok(Some(Atom::Char(c))),
        }
    }

    /// Groups keep nothing: all that is asked is whether there is a match.
    fn group(&mut self) -> Result<(), Refusal> {
        self.groups.push(self.dot_has_all);
        self.out.push_str("(?");
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.peek() {
                Some('=' | '!') => return Err(not_linear("look-around")),
                Some('<') => self.name()?,
                _ => self.modifiers()?,
            }
        }
        self.out.push(':');
        Ok(())
    }

    /// `(?<name>..)`.
    fn name(&mut self) -> Result<(), Refusal> {
        self.rest.next();
        if matches!(self.rest.peek(), Some('=' | '!')) {
            return Err(not_linear("look-around"));
        }
        match self.rest.find(|c| *c == '>') {
            Some(_) => Ok(()),
            None => Err("the name of a group is not closed; write `>` behind it".to_owned()),
        }
    }

    /// `(?:..)`, `(?i:..)`, `(?s-i:..)`.
    fn modifiers(&mut self) -> Result<(), Refusal> {
        let mut is_on = true;
        for c in self.rest.by_ref() {
            match c {
                ':' => return Ok(()),
                '-' if is_on => {
                    is_on = false;
                    self.out.push('-');
                }
                'i' => self.out.push('i'),
                's' => {
                    self.dot_has_all = is_on;
                    self.out.push('s');
                }
                ')' => return foreign("(?..)", "(?i:..)"),
                _ => break,
            }
        }
        Err("a group begins in `(?` and what is not known here; write `(?:..)`".to_owned())
    }
}

fn push_char(out: &mut String, c: char) {
    out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

fn push_atom(out: &mut String, atom: &Atom) {
    match atom {
        Atom::Char(c) => push_char(out, *c),
        Atom::Set(set) => out.push_str(set),
    }
}

fn not_linear(what: &str) -> Refusal {
    format!("{what} takes more than linear time; write it without look-around and back-references")
}

fn foreign<T>(what: &str, instead: &str) -> Result<T, Refusal> {
    Err(format!("ECMA-262 has no `{what}`; write `{instead}`"))
}

fn digits(escape: &str, count: &str) -> Refusal {
    format!("`\\{escape}` is followed by {count} hexadecimal digits of a character; write them")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use regex::Regex;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Regex::new(&translated(pattern).unwrap()).unwrap().is_match(text)
    }

    /// Of these texts, those that a pattern matches as a whole.
    fn of<'t>(pattern: &str, texts: &[&'t str]) -> Vec<&'t str> {
        let whole = format!("^(?:{pattern})$");
        texts.iter().copied().filter(|text| matches(&whole, text)).collect()
    }

    #[test]
    fn classes_are_those_of_ecmascript() {
        assert_eq!(of(r"\d+", &["42", "४२"]), ["42"]);
        assert_eq!(of(r"[\d_x]+", &["4_x", "a"]), ["4_x"]);
        assert_eq!(of(r"\w", &["é", "e"]), ["e"]);
        assert_eq!(of(r"\W", &["é", "e"]), ["é"]);
        assert_eq!(of(r"[^\W]", &["é", "e"]), ["e"]);
        assert_eq!(of(r"\s\S", &["\u{feff}a", "ab"]), ["\u{feff}a"]);
        assert_eq!(of(r"[\s]", &["\u{a0}", "\u{85}"]), ["\u{a0}"]);
        assert_eq!(of(r"\p{L}|\p{Script=Greek}|\p{Lu}", &["é", "1"]), ["é"]);
        assert_eq!(of(r"\p{Emoji_Presentation}|\p{Alphabetic}", &["🐲", "a", "."]), ["🐲", "a"]);
        assert!(!matches("^a$", "a\n") && matches("b", "abc") && matches("^🐲*$", "🐲🐲"));
    }

    #[test]
    fn a_dot_matches_no_end_of_a_line() {
        let ends = ["\n", "\r", "\u{2028}", "\u{2029}", "\u{85}", "a", "🐲"];
        assert_eq!(of(".", &ends), ["\u{85}", "a", "🐲"]);
        assert_eq!(of("(?s:.)", &ends), ends);
        assert_eq!(of("(?s:(a)|(?-s:.))", &ends), ["\u{85}", "a", "🐲"]);
        assert_eq!(of(r"[.]|\.", &[".", "a"]), ["."]);
    }

    #[test]
    fn classes_have_no_operators() {
        let signs = ["a", "b", "-", "+", ",", "&", "~", "[", "^", "]"];
        assert!(translated("[a--b]").is_err(), "from `a` to `-`");
        assert_eq!(of("[+--]", &signs), ["-", "+", ","]);
        assert_eq!(of("[+---a]", &signs), ["a", "-", "+", ","]);
        assert_eq!(of("[a&&b]", &signs), ["a", "b", "&"]);
        assert_eq!(of("[a~~b]", &signs), ["a", "b", "~"]);
        assert_eq!(of("[[a]", &signs), ["a", "["]);
        assert_eq!(of("[-a]|[b-]", &signs), ["a", "b", "-"]);
        assert_eq!(of(r"[\w-+]", &signs), ["a", "b", "-", "+"]);
        assert_eq!(of(r"[a\]^]", &signs), ["a", "^", "]"]);
        assert_eq!(of("[^^]", &["^", "a"]), ["a"]);
        assert_eq!(of("[[:alpha:]]", &["a]", ":]", "b]"]), ["a]", ":]"]);
    }

    #[test]
    fn an_empty_class_is_nothing_and_its_opposite_is_anything() {
        assert_eq!(of("[]a]|b", &["a", "]", "a]", "b"]), ["b"]);
        assert_eq!(of("[^]", &["a", "\n", "🐲", ""]), ["a", "\n", "🐲"]);
    }

    #[test]
    fn escapes_are_those_of_ecmascript() {
        assert_eq!(of(r"\cA|\x41|\u0042|\u{43}|\ud83d\udc32", &["\u{1}", "A", "B", "C", "🐲"]).len(), 5);
        assert_eq!(of(r"\t|\v|\f|\0|[\b]", &["\t", "\u{b}", "\u{c}", "\0", "\u{8}"]).len(), 5);
        assert_eq!(of(r"\<a\>\/\-\@\é", &["<a>/-@é"]), ["<a>/-@é"]);
        assert!(matches(r"\ba\b", "éaé") && matches(r"\Ba", "ba") && !matches(r"\Ba", "a"));
        for letter in "aAzZGQEehHiIlLmMNoOqRTUVXyY".chars() {
            let refusal = translated(&format!("x\\{letter}")).unwrap_err();
            assert!(refusal.starts_with(&format!("ECMA-262 has no `\\{letter}`")), "{refusal}");
        }
    }

    #[test]
    fn groups_are_those_of_ecmascript() {
        assert_eq!(of("(a)(?:b)(?<name$>c)(?i:d)", &["abcd", "abcD", "abCd"]), ["abcd", "abcD"]);
        for pattern in ["(?i)a", "(?x: a)", "(?P<n>a)", "(?U:a)", "(?m:^a)", "(?", "(?<n", "a{,5}"] {
            assert!(translated(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_is_broken_is_refused() {
        for pattern in
            ["[a", r"a\", r"[b-a]", r"\x4", r"\x{41}", r"\ud83d", r"\pL", r"\p{^L}", r"\c1", r"\u{d800}"]
        {
            assert!(translated(pattern).is_err(), "{pattern}");
        }
    }
}
