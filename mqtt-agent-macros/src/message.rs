//! Messages with placeholders: the fields that they use, and the format string for rustc.

use crate::options;

/// A message whose placeholders are known to be fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    /// With `{field_0}` for the first of `used`, whatever it is called.
    pub(crate) format: String,
    /// The fields in their order in the text, each with the trait that it is printed by.
    pub(crate) used: Vec<(usize, &'static str)>,
    /// The text itself, where there is nothing to fill in.
    pub(crate) plain: String,
}

/// Reads a message. `fields` are the names of the fields, `0`, `1`, .. where they have none.
pub(crate) fn template(text: &str, fields: &[&str]) -> Result<Template, String> {
    let mut template = Template { format: String::new(), used: Vec::new(), plain: String::new() };
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        template.format.push_str(before);
        template.plain.push_str(before);
        if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            template.format.push_str(&brace[..2]);
            template.plain.push_str(&brace[..1]);
            rest = after;
            continue;
        }
        let Some(inside) = brace.strip_prefix('{') else {
            return Err("`}` closes nothing; write `}}` for the character itself".to_owned());
        };
        let Some((placeholder, after)) = inside.split_once('}') else {
            return Err("`{` is not closed; write `{{` for the character itself".to_owned());
        };
        let (name, how) = match placeholder.split_once(':') {
            Some((name, how)) => (name.trim(), how),
            None => (placeholder.trim(), ""),
        };
        let field = field(name, fields)?;
        if how.contains(['$', '*', '{']) {
            return Err(format!(
                "`{{{placeholder}}}` takes a width or a precision from a field; write a number, as in `{{0:8}}`"
            ));
        }
        template.format.push_str(&format!("{{field_{}:{how}}}", template.used.len()));
        template.used.push((field, printed_by(how)));
        rest = after;
    }
    template.format.push_str(rest);
    template.plain.push_str(rest);
    Ok(template)
}

/// The field of a name.
pub(crate) fn field(name: &str, fields: &[&str]) -> Result<usize, String> {
    if let Some(index) = fields.iter().position(|field| *field == name) {
        return Ok(index);
    }
    let list = fields.iter().map(|field| format!("`{{{field}}}`")).collect::<Vec<_>>().join(", ");
    Err(match (name, fields) {
        ("", []) => "`{}` names no field, and there are none; write `{{}}` for the characters".to_owned(),
        ("", _) => format!("`{{}}` names no field; write {list}"),
        (_, []) => format!("there is no field `{name}`, for there are none; add one, or leave it out"),
        _ => match options::near(name, fields) {
            Some(near) => format!("there is no field `{name}`; did you mean `{near}`?"),
            None => format!("there is no field `{name}`; write {list}"),
        },
    })
}

fn printed_by(how: &str) -> &'static str {
    match how.chars().last() {
        Some('?') => "Debug",
        Some('x') => "LowerHex",
        Some('X') => "UpperHex",
        Some('o') => "Octal",
        Some('b') => "Binary",
        Some('e') => "LowerExp",
        Some('E') => "UpperExp",
        Some('p') => "Pointer",
        _ => "Display",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn placeholders_are_fields() {
        let read = template("no `{0}` of {1:?} {{0}} {0:>8}", &["0", "1"]).unwrap();
        assert_eq!(read.format, "no `{field_0:}` of {field_1:?} {{0}} {field_2:>8}");
        assert_eq!(read.used, [(0, "Display"), (1, "Debug"), (0, "Display")]);
        let read = template("closed until {until}", &["since", "until"]).unwrap();
        assert_eq!(read.format, "closed until {field_0:}");
        assert_eq!(template("{{}}", &[]).unwrap().plain, "{}");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = |text, fields: &[&str]| template(text, fields).unwrap_err();
        assert!(error("{", &[]).contains("`{` is not closed"));
        assert!(error("a } b", &[]).contains("`}` closes nothing"));
        assert_eq!(error("{}", &["0"]), "`{}` names no field; write `{0}`");
        assert_eq!(error("{untl}", &["until"]), "there is no field `untl`; did you mean `until`?");
        assert_eq!(error("{7}", &["0", "1"]), "there is no field `7`; write `{0}`, `{1}`");
        assert!(error("{0:1$}", &["0"]).contains("a width"));
    }

    proptest! {
        #[test]
        fn no_message_panics(text in "[{}:0a$?é]{0,12}") {
            let _ = template(&text, &["0", "a"]);
        }

        #[test]
        fn text_without_braces_stays_as_it_is(text in "[^{}]{0,20}") {
            let read = template(&text, &[]).unwrap();
            prop_assert_eq!((read.format, read.plain, read.used), (text.clone(), text, vec![]));
        }
    }
}
