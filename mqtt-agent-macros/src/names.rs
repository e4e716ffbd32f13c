//! The rules for names (`SUB-4` and what model providers take), and for spans of time.

/// The longest name of a tool.
const LONGEST_TOOL: usize = 128;

/// The longest name of an argument: the shortest of the model providers' limits.
const LONGEST_ARGUMENT: usize = 64;

/// What is wrong with a tool's name.
pub(crate) fn tool(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a tool's name is empty; give it at least one character".to_owned());
    }
    if name.len() > LONGEST_TOOL {
        return Err(format!("a tool's name has {} bytes; {LONGEST_TOOL} are the most", name.len()));
    }
    match name.chars().find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '.' | '-')) {
        Some(c) => {
            Err(format!("the tool's name has the character {c:?}; use letters, digits, `_`, `.` and `-`"))
        }
        None => Ok(()),
    }
}

/// What is wrong with an argument's name.
pub(crate) fn argument(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_ARGUMENT {
        return Err(format!("an argument's name has {} bytes; {LONGEST_ARGUMENT} are the most", name.len()));
    }
    let mut characters = name.chars();
    let first = characters.next().is_some_and(|c| matches!(c, 'A'..='Z' | 'a'..='z' | '_'));
    if first && characters.all(|c| matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_')) {
        Ok(())
    } else {
        let rule = "use letters, digits and `_`, and begin with a letter or `_`, for model providers refuse all else";
        Err(format!("`{name}` is no argument's name; {rule}"))
    }
}

/// `250ms`, `5s`, `2m`, `1h` in milliseconds.
pub(crate) fn milliseconds(text: &str) -> Result<u64, String> {
    let error = || format!("`{text}` is no span of time; write it as in \"250ms\", \"5s\", \"2m\" or \"1h\"");
    let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
    let (number, unit) = text.split_at(end);
    let number: u64 = number.parse().map_err(|_| error())?;
    let factor = match unit.trim_start() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(error()),
    };
    match number.checked_mul(factor) {
        Some(0) => Err("a timeout of nothing lets no call end; give more than 0".to_owned()),
        Some(milliseconds) => Ok(milliseconds),
        None => Err(error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_of_time() {
        assert_eq!(milliseconds("250ms"), Ok(250));
        assert_eq!(milliseconds("5s"), Ok(5000));
        assert_eq!(milliseconds("2 m"), Ok(120_000));
        assert_eq!(milliseconds("1h"), Ok(3_600_000));
        for wrong in ["", "5", "s", "5 seconds", "-5s", "0s", "1.5s", "99999999999999999999s"] {
            assert!(milliseconds(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn sub_4_a_tool_s_name_is_one_portable_topic_level(name in "[A-Za-z0-9_.-]{1,128}") {
            prop_assert!(tool(&name).is_ok());
        }

        #[test]
        fn sub_4_no_other_name_passes(name in any::<String>()) {
            let portable = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
            prop_assert_eq!(tool(&name).is_ok(), portable && !name.is_empty() && name.len() <= 128);
        }

        #[test]
        fn argument_names_are_identifiers(name in any::<String>()) {
            let passes = argument(&name).is_ok();
            prop_assert_eq!(passes, syn_like(&name));
        }

        #[test]
        fn no_span_of_time_panics(text in any::<String>()) {
            let _ = milliseconds(&text);
        }
    }

    fn syn_like(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= 64
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }
}
