//! The rules for names (`SUB-4` and the rules of model providers), and for durations.

/// The longest name of a tool.
const LONGEST_TOOL: usize = 128;

/// The longest name of an argument: the shortest of the model providers' limits.
const LONGEST_ARGUMENT: usize = 64;

/// What is wrong with a tool's name.
pub(crate) fn tool(name: &str) -> Result<(), String> {
    portable("tool's name", name)
}

/// What is wrong with a skill's id.
pub(crate) fn skill(id: &str) -> Result<(), String> {
    portable("skill's id", id)
}

/// What is wrong with a media type.
pub(crate) fn media_type(text: &str) -> Result<(), String> {
    let token = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+*".contains(c))
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    match essence.split_once('/') {
        Some((kind, subtype)) if token(kind) && token(subtype) && text.is_ascii() => Ok(()),
        _ => Err(format!("`{text}` is no media type; write it as in \"text/plain\"")),
    }
}

/// What is wrong with the address of a page.
pub(crate) fn url(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest)
            if !rest.is_empty()
                && !rest.starts_with(['/', '?', '#', ':'])
                && !text.contains(|c: char| c.is_whitespace() || c.is_control()) =>
        {
            Ok(())
        }
        _ => Err(format!("`{text}` is no address of a page; write it as in \"https://example.com\"")),
    }
}

/// What is wrong with an agent's id.
pub(crate) fn agent(id: &str) -> Result<(), String> {
    portable("agent's id", id)
}

fn portable(what: &str, name: &str) -> Result<(), String> {
    let article = if what.starts_with('a') { "an" } else { "a" };
    if name.is_empty() {
        return Err(format!("{article} {what} is empty; give it at least one character"));
    }
    if name.len() > LONGEST_TOOL {
        return Err(format!("{article} {what} has {} bytes; shorten it to {LONGEST_TOOL}", name.len()));
    }
    match name.chars().find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '.' | '-')) {
        Some(c) => Err(format!("the {what} has the character {c:?}; use letters, digits, `_`, `.` and `-`")),
        None => Ok(()),
    }
}

/// What is wrong with an argument's name.
pub(crate) fn argument(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_ARGUMENT {
        return Err(format!("an argument's name has {} bytes; shorten it to {LONGEST_ARGUMENT}", name.len()));
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

/// What is wrong with a caller's id. Callers are named by others, so only what no topic level can be is refused.
pub(crate) fn caller(id: &str) -> Result<(), String> {
    if id.len() > LONGEST_TOOL {
        return Err(format!(
            "a caller's id has {} bytes; write the client id alone, of at most {LONGEST_TOOL}",
            id.len()
        ));
    }
    match id.chars().find(|c| matches!(c, '/' | '+' | '#' | '\0')) {
        Some(c) => Err(format!("a caller's id has the character {c:?}; write the client id alone")),
        None => Ok(()),
    }
}

/// What is wrong with the name of a group that shares a subscription.
pub(crate) fn group(name: &str) -> Result<(), String> {
    match name.chars().find(|c| matches!(c, '/' | '+' | '#') || c.is_control()) {
        Some(c) => Err(format!("a group's name has the character {c:?}; write a name without it")),
        None => Ok(()),
    }
}

/// The name of an agent's card that gives none: its type's name in words, `WeatherDesk` as `Weather Desk`.
pub(crate) fn in_words(type_name: &str) -> String {
    parts(type_name).join(" ")
}

/// The id of an agent that names none: its type's name in kebab case.
pub(crate) fn agent_id(type_name: &str) -> String {
    snake_case(type_name).replace('_', "-")
}

/// What the runtime itself answers with: a tool's own error of that code could not be told from it.
const RUNTIME_CODES: &[&str] =
    &["internal", "canceled", "panic", "too_large", "answer_forgotten", "chunks_lost"];

/// What is wrong with the code of an error.
pub(crate) fn code(code: &str) -> Result<(), String> {
    let mut characters = code.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_lowercase());
    if code.len() > LONGEST_ARGUMENT
        || !first
        || !characters.all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'))
    {
        return Err(format!(
            "`{code}` is no code; write 1 to {LONGEST_ARGUMENT} of `a-z`, `0-9` and `_`, a letter first, with `code = \"..\"`"
        ));
    }
    match (RUNTIME_CODES.contains(&code), code) {
        (true, "internal") => Err(
            "the code `internal` is that of `internal` errors; write `internal`, or another `code = \"..\"`"
                .to_owned(),
        ),
        (true, _) => Err(format!(
            "the runtime itself answers with the code `{code}`; give another with `code = \"..\"`"
        )),
        (false, _) => Ok(()),
    }
}

/// `AccountNotFound` as `account_not_found`, `HTTPError` as `http_error`.
pub(crate) fn snake_case(name: &str) -> String {
    let parts: Vec<_> = parts(name).iter().map(|part| part.to_lowercase()).collect();
    parts.join("_")
}

/// The words that a name in camel case consists of.
fn parts(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut parts = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut() {
            last.push(*letter);
        }
    }
    parts
}

/// `250ms`, `5s`, `2m`, `1h` in milliseconds; `nothing` is what to say of none.
pub(crate) fn milliseconds(text: &str, nothing: &str) -> Result<u64, String> {
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
        Some(0) => Err(nothing.to_owned()),
        Some(milliseconds) => Ok(milliseconds),
        None => Err(error()),
    }
}

/// The hidden function that leads from a function's path to its definition.
///
/// `tools![weather]` without a `#[tool]` on `weather` makes rustc say "cannot find function
/// `__put_tool_above_weather_or_write_its_full_path` in this scope".
pub(crate) fn definition(attribute: &str, function: &str) -> String {
    format!("__put_{attribute}_above_{function}_or_write_its_full_path")
}

/// The macro that claims a name, of a tool for example: for two tools of one name rustc says "the name
/// `__tool_name_get_weather_is_taken_write_another_one` is defined multiple times".
///
/// Two names never have one claim. `-` and `.` become `_`; if there are any, a suffix tells what each separator was:
/// `u` for `_`, `d` for `-`, `p` for `.`.
pub(crate) fn claim(what: &str, name: &str) -> String {
    let readable = name.replace(['-', '.'], "_");
    let separators = name.chars().filter_map(|c| match c {
        '_' => Some('u'),
        '-' => Some('d'),
        '.' => Some('p'),
        _ => None,
    });
    let suffix = if readable == name { String::new() } else { "__".chars().chain(separators).collect() };
    format!("__{what}_{readable}_is_taken_write_another_one{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn claims_read_well() {
        assert_eq!(claim("tool_name", "get_weather"), "__tool_name_get_weather_is_taken_write_another_one");
        assert_eq!(
            claim("tool_name", "get-weather"),
            "__tool_name_get_weather_is_taken_write_another_one__d"
        );
    }

    #[test]
    fn an_agent_is_called_after_its_type() {
        for (name, id) in [
            ("Thermostat", "thermostat"),
            ("HomeHub", "home-hub"),
            ("HTTPServer", "http-server"),
            ("V2", "v2"),
        ] {
            assert_eq!(agent_id(name), id);
        }
    }

    #[test]
    fn a_card_is_called_after_its_type_in_words() {
        for (name, words) in [
            ("WeatherDesk", "Weather Desk"),
            ("Planner", "Planner"),
            ("HTTPServer", "HTTP Server"),
            ("V2", "V2"),
        ] {
            assert_eq!(in_words(name), words);
        }
    }

    #[test]
    fn media_types_and_addresses() {
        for right in
            ["text/plain", "application/json", "image/svg+xml", "text/plain; charset=utf-8", "image/*"]
        {
            assert_eq!(media_type(right), Ok(()), "{right}");
        }
        for wrong in ["", "text", "text/", "/plain", "a b/c", "text/plain/x", "text/plain ü"] {
            assert!(media_type(wrong).is_err(), "{wrong}");
        }
        for right in ["https://a.example", "http://localhost:80/x?y#z"] {
            assert_eq!(url(right), Ok(()), "{right}");
        }
        for wrong in ["", "example.com", "https://", "https:///x", "ftp://a", "HTTPS//a", "https://a b"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn codes_of_variants() {
        for (name, code) in [
            ("AccountNotFound", "account_not_found"),
            ("HTTPError", "http_error"),
            ("Db", "db"),
            ("Http2Reset", "http2_reset"),
            ("XY", "xy"),
            ("already_snake", "already_snake"),
        ] {
            assert_eq!(snake_case(name), code);
            assert_eq!(super::code(code), Ok(()));
        }
        for wrong in ["", "Not", "a-b", "1st", "_a", "ä", "internal", "panic", &"a".repeat(65)] {
            assert!(super::code(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_of_time() {
        let milliseconds = |text| milliseconds(text, "nothing");
        assert_eq!(milliseconds("250ms"), Ok(250));
        assert_eq!(milliseconds("5s"), Ok(5000));
        assert_eq!(milliseconds("2 m"), Ok(120_000));
        assert_eq!(milliseconds("1h"), Ok(3_600_000));
        assert_eq!(milliseconds("0s"), Err("nothing".to_owned()));
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
        fn two_names_never_have_one_claim(
            a in "[ab]{0,2}([_.-]|_is_taken_write_another_one|__){0,3}[udp]{0,3}",
            b in "[ab]{0,2}([_.-]|_is_taken_write_another_one|__){0,3}[udp]{0,3}",
        ) {
            prop_assert_eq!(a == b, claim("tool_name", &a) == claim("tool_name", &b));
        }

        #[test]
        fn claims_are_identifiers(name in "[A-Za-z0-9_.-]{1,128}") {
            prop_assert!(syn::parse_str::<syn::Ident>(&claim("skill_id", &name)).is_ok());
        }

        #[test]
        fn no_span_of_time_panics(text in any::<String>()) {
            let _ = milliseconds(&text, "nothing");
        }
    }

    fn syn_like(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= 64
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }
}
