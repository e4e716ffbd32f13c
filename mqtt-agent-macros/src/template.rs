//! The grammar of topics with placeholders: `home/{room}/temperature`, `logs/{path...}`.

use std::fmt::Write;

/// The longest topic that MQTT's two length bytes allow.
const LONGEST: usize = u16::MAX as usize;

/// A topic that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// The MQTT filter that matches it.
    pub(crate) filter: String,
    pub(crate) placeholders: Vec<Placeholder>,
}

/// `{name}`, or `{name...}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placeholder {
    pub(crate) name: String,
    /// The index of its level.
    pub(crate) level: usize,
    /// Whether it takes all levels from there on.
    pub(crate) rest: bool,
}

/// Reads a topic, or says what to write instead.
pub(crate) fn parse(text: &str) -> Result<Template, String> {
    if text.is_empty() {
        return Err("the topic is empty; write it as in \"home/{room}/temperature\"".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("the topic has {} bytes; shorten it to {LONGEST}", text.len()));
    }
    if text.starts_with("$share/") {
        return Err(
            "`$share/` is no part of a topic; write the topic alone, and `shared = \"group\"`".to_owned()
        );
    }
    if text.starts_with('$') {
        return Err("a topic that begins with `$` is the broker's own; begin with something else".to_owned());
    }
    if let Some(c) = text.chars().find(|c| c.is_control()) {
        return Err(format!(
            "the topic has the character {c:?}, for which brokers end a connection; remove it"
        ));
    }
    let mut template = Template { filter: String::with_capacity(text.len()), placeholders: Vec::new() };
    let mut levels = text.split('/').enumerate().peekable();
    while let Some((index, level)) = levels.next() {
        let separator = if index == 0 { "" } else { "/" };
        if level.is_empty() {
            return Err("the topic has an empty level; remove the `/` that is too many".to_owned());
        }
        let Some(placeholder) = placeholder(level, index)? else {
            let _ = write!(template.filter, "{separator}{level}");
            continue;
        };
        if placeholder.rest && levels.peek().is_some() {
            return Err(format!("`{level}` takes all levels that remain; write it at the end"));
        }
        if template.placeholders.iter().any(|earlier| earlier.name == placeholder.name) {
            return Err(format!(
                "the placeholder `{}` is there twice; give one of them another name",
                placeholder.name
            ));
        }
        let _ = write!(template.filter, "{separator}{}", if placeholder.rest { "#" } else { "+" });
        template.placeholders.push(placeholder);
    }
    Ok(template)
}

/// What is wrong with a filter of topics that are answered to.
pub(crate) fn filter(text: &str) -> Result<(), String> {
    let example = "write it as in \"answers/+\"";
    if text.is_empty() || text.len() > LONGEST || text.starts_with('$') || text.chars().any(char::is_control)
    {
        return Err(format!("`reply` is the topics that may be answered to; {example}"));
    }
    let mut levels = text.split('/').peekable();
    while let Some(level) = levels.next() {
        if level.contains(['{', '}']) {
            return Err(
                "`reply` has no placeholders; write `+` for one level, as in \"answers/+\"".to_owned()
            );
        }
        if level != "+" && level.contains('+') {
            return Err(format!("`{level}` is more than a `+`, which is a whole level; {example}"));
        }
        if level.contains('#') && (level != "#" || levels.peek().is_some()) {
            return Err("`#` is the last level, alone; write it as in \"answers/#\"".to_owned());
        }
    }
    Ok(())
}

fn placeholder(level: &str, index: usize) -> Result<Option<Placeholder>, String> {
    if level.contains('+') {
        return Err("a topic has no `+` here; write a placeholder for one level, as in `{room}`".to_owned());
    }
    if level.contains('#') {
        return Err(
            "a topic has no `#` here; write `{rest...}` at the end for all levels that remain".to_owned()
        );
    }
    if !level.contains(['{', '}']) {
        return Ok(None);
    }
    let inner = level.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(inner) = inner.filter(|inner| !inner.contains(['{', '}'])) else {
        return Err(format!(
            "`{level}` is more than a placeholder, and a placeholder is a whole level; give it a level of its own"
        ));
    };
    let (name, rest) = match inner.strip_suffix("...") {
        Some(name) => (name, true),
        None => (inner, false),
    };
    if !is_name(name) {
        return Err(format!(
            "`{level}` is no placeholder; its name is that of a parameter, as in `{{room}}`"
        ));
    }
    Ok(Some(Placeholder { name: name.to_owned(), level: index, rest }))
}

fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    // The four words that can't be a parameter's name, not even as `r#self`.
    let reserved = matches!(name, "_" | "self" | "Self" | "super" | "crate");
    first && !reserved && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter(text: &str) -> String {
        parse(text).map(|template| template.filter).unwrap_or_else(|error| error)
    }

    #[test]
    fn placeholders_become_wildcards() {
        assert_eq!(filter("home/{room}/temperature"), "home/+/temperature");
        assert_eq!(filter("{site}"), "+");
        assert_eq!(filter("logs/{path...}"), "logs/#");
        assert_eq!(filter("{all...}"), "#");
        assert_eq!(filter("a b/ü"), "a b/ü");
    }

    #[test]
    fn what_is_no_topic_is_refused() {
        for wrong in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "+",
            "a/+/b",
            "a/#",
            "a+",
            "$SYS/x",
            "$share/g/a",
            "x{a}",
            "{a}x",
            "{a}{b}",
            "{}",
            "{1}",
            "{a b}",
            "{_}",
            "{self}",
            "a/{crate...}",
            "{...}",
            "{a..}",
            "{a...}/b",
            "{a}/{a}",
            "{a}/{a...}",
            "a\0b",
            "a\nb",
            "{a",
            "a}",
            "{{a}}",
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn a_filter_has_as_many_levels_as_its_template(levels in proptest::collection::vec("[a-z]{1,3}|\\{[a-z]{4,9}\\}", 1..8)) {
            let text = levels.join("/");
            if let Ok(template) = parse(&text) {
                prop_assert_eq!(template.filter.split('/').count(), levels.len());
                for placeholder in &template.placeholders {
                    prop_assert_eq!(template.filter.split('/').nth(placeholder.level), Some("+"));
                }
                let wild = template.filter.split('/').filter(|level| *level == "+").count();
                prop_assert_eq!(wild, template.placeholders.len());
            } else {
                // Only a repeated name is wrong here.
                let mut names: Vec<_> = levels.iter().filter(|level| level.starts_with('{')).collect();
                let all = names.len();
                names.sort();
                names.dedup();
                prop_assert!(names.len() < all);
            }
        }
    }
}
