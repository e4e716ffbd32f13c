//! The options of the attributes, each spelled only here, and suggestions for misspelled ones.

pub(crate) const NAME: &str = "name";
pub(crate) const TITLE: &str = "title";
pub(crate) const READ_ONLY: &str = "read_only";
pub(crate) const DESTRUCTIVE: &str = "destructive";
pub(crate) const IDEMPOTENT: &str = "idempotent";
pub(crate) const OPEN_WORLD: &str = "open_world";
pub(crate) const TIMEOUT: &str = "timeout";
pub(crate) const CONCURRENCY: &str = "concurrency";
pub(crate) const ALLOW: &str = "allow";
pub(crate) const TAGS: &str = "tags";
pub(crate) const VERSION: &str = "version";
pub(crate) const BLOCKING: &str = "blocking";
pub(crate) const CRATE: &str = "crate";
pub(crate) const QOS: &str = "qos";
pub(crate) const SHARED: &str = "shared";
pub(crate) const REPLY: &str = "reply";
pub(crate) const CALLER: &str = "caller";
pub(crate) const RETAIN: &str = "retain";
pub(crate) const ID: &str = "id";
pub(crate) const SCHEMA: &str = "schema";
pub(crate) const LAYER: &str = "layer";
pub(crate) const PART: &str = "part";
pub(crate) const PARTS: &str = "parts";

pub(crate) const RANGE: &str = "range";
pub(crate) const LENGTH: &str = "length";
pub(crate) const PATTERN: &str = "pattern";
pub(crate) const DURATION: &str = "duration";
pub(crate) const DEFAULT: &str = "default";
pub(crate) const RENAME: &str = "rename";
pub(crate) const EXAMPLE: &str = "example";
pub(crate) const GIVEN: &str = "given";
pub(crate) const PREFIX: &str = "prefix";

pub(crate) const MESSAGE: &str = "message";
pub(crate) const CODE: &str = "code";
pub(crate) const INTERNAL: &str = "internal";
pub(crate) const OPAQUE: &str = "opaque";
pub(crate) const TRANSPARENT: &str = "transparent";
pub(crate) const RETRY_AFTER: &str = "retry_after";
pub(crate) const FROM: &str = "from";

pub(crate) const AGENT: &str = "agent";

pub(crate) const EXAMPLES: &str = "examples";
pub(crate) const INPUT: &str = "input";
pub(crate) const OUTPUT: &str = "output";
pub(crate) const ON_CRASH: &str = "on_crash";
pub(crate) const ATTEMPTS: &str = "attempts";

pub(crate) const PROVIDER: &str = "provider";
pub(crate) const CAPABILITIES: &str = "capabilities";
pub(crate) const DOCUMENTATION: &str = "documentation";
pub(crate) const ICON: &str = "icon";

/// The options of `#[mqtt_agent::test(..)]`.
pub(crate) const TEST: &[&str] = &[AGENT, TIMEOUT, CRATE];

/// The options of `#[tool(..)]`.
pub(crate) const TOOL: &[&str] = &[
    NAME,
    TITLE,
    READ_ONLY,
    DESTRUCTIVE,
    IDEMPOTENT,
    OPEN_WORLD,
    TIMEOUT,
    CONCURRENCY,
    ALLOW,
    TAGS,
    VERSION,
    BLOCKING,
    SCHEMA,
    LAYER,
    CRATE,
];

/// The options of `#[skill(..)]`.
pub(crate) const SKILL: &[&str] = &[
    ID,
    NAME,
    TAGS,
    EXAMPLES,
    INPUT,
    OUTPUT,
    TIMEOUT,
    CONCURRENCY,
    ON_CRASH,
    ATTEMPTS,
    DEFAULT,
    BLOCKING,
    LAYER,
    CRATE,
];

/// The options of `#[card(..)]`.
pub(crate) const CARD: &[&str] =
    &[ID, VERSION, NAME, PROVIDER, TAGS, CAPABILITIES, DOCUMENTATION, ICON, CRATE];

/// The options of `#[arg(..)]`.
pub(crate) const ARG: &[&str] = &[RANGE, LENGTH, PATTERN, DURATION, DEFAULT, RENAME, EXAMPLE, GIVEN];

/// The options of `#[on(..)]`.
pub(crate) const ON: &[&str] = &[QOS, SHARED, TIMEOUT, CONCURRENCY, BLOCKING, CRATE];

/// The options of `#[request(..)]`.
pub(crate) const REQUEST: &[&str] =
    &[QOS, SHARED, REPLY, TIMEOUT, CONCURRENCY, BLOCKING, CALLER, LAYER, CRATE];

/// The options of `#[event(..)]`.
pub(crate) const EVENT: &[&str] = &[QOS, RETAIN, CRATE];

/// The options of `#[agent(..)]`.
pub(crate) const AGENT_BLOCK: &[&str] = &[ID, PART, PARTS, CRATE];

/// The options of `#[remote(..)]`.
pub(crate) const REMOTE: &[&str] = &[PREFIX, CRATE];

/// The options of `#[tool_error(..)]`.
pub(crate) const TOOL_ERROR: &[&str] =
    &[MESSAGE, CODE, INTERNAL, OPAQUE, TRANSPARENT, RETRY_AFTER, FROM, CRATE];

/// The one that was probably meant.
pub(crate) fn near<'a>(option: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(option, known), *known));
    let near = scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, near)| near)
}

/// Options of other libraries and of JSON Schema, with the option that stands for it here, and what to write.
const ELSEWHERE: &[(&[&str], &str, &str)] = &[
    (
        &["min", "max", "minimum", "maximum", "gte", "lte", "ge", "le"],
        RANGE,
        "`range = 1..=7`, or `range = 1..`",
    ),
    (&["gt", "exclusive_minimum"], RANGE, "`range = 1..` with the next larger number"),
    (&["lt", "exclusive_maximum"], RANGE, "`range = ..7`"),
    (
        &["min_length", "max_length", "min_len", "max_len", "len", "min_items", "max_items", "size"],
        LENGTH,
        "`length = 1..=80`",
    ),
    (&["regex", "regexp"], PATTERN, "`pattern = \"^..$\"`"),
    (&["format"], PATTERN, "a type that has the format, as `uuid::Uuid`, or `pattern = \"^..$\"`"),
    (&["enum", "choices", "one_of", "values"], PATTERN, "an enum for the type"),
    (&["multiple_of", "step"], RANGE, "that check in the function"),
    (&["unique", "unique_items"], LENGTH, "a set for the type, as `BTreeSet<T>`"),
    (&["optional", "required", "nullable"], RENAME, "`Option<T>` for the type of what may be left out"),
    (&["read_only_hint", "readonly_hint"], READ_ONLY, "`read_only`"),
    (&["destructive_hint"], DESTRUCTIVE, "`destructive`"),
    (&["idempotent_hint"], IDEMPOTENT, "`idempotent`"),
    (&["open_world_hint"], OPEN_WORLD, "`open_world`"),
    (
        &["annotations"],
        READ_ONLY,
        "each one by itself: `read_only`, `destructive`, `idempotent`, `open_world`",
    ),
    (&["input_schema", "output_schema"], SCHEMA, "nothing: schemas come from the types"),
    (&["display", "msg", "text"], MESSAGE, "the text alone, as in `#[tool_error(\"no account {0}\")]`"),
    // Options of `#[request]`, at `#[on]`.
    (&["reply", "caller"], SHARED, "`#[request]` in place of this attribute"),
    (&["layer"], SHARED, "it at a `#[request]`: nobody waits for what comes of a message"),
];

/// How others say what a doc comment says here.
const DESCRIPTION: &[&str] = &["description", "desc", "doc", "docs", "help", "about", "summary"];

/// What to write for an option of another library.
fn elsewhere(option: &str, known: &[&str]) -> Option<&'static str> {
    let row = ELSEWHERE.iter().find(|(theirs, ours, _)| theirs.contains(&option) && known.contains(ours));
    match row {
        Some((.., advice)) => Some(advice),
        None if !DESCRIPTION.contains(&option) || known == TEST || known == REMOTE => None,
        None if known == AGENT_BLOCK => Some("`#[derive(AgentCard)]` above the type, below a `///` line"),
        None => Some("a `///` line above it"),
    }
}

/// A text that an option takes, as messages show it.
pub(crate) fn example(option: &str) -> &'static str {
    match option {
        NAME => "weather",
        TITLE => "Weather",
        VERSION => "1.0.0",
        ID => "planner",
        PART => "cooling",
        PREFIX => "home_",
        PATTERN => "^[A-Z]+$",
        RENAME => "city",
        SCHEMA => "weather.json",
        SHARED => "workers",
        REPLY => "answers/+",
        CODE => "not_found",
        MESSAGE => "no account {0}",
        DOCUMENTATION => "https://example.com",
        ICON => "https://example.com/icon.png",
        _ => "..",
    }
}

/// Texts that an option takes, as messages show them.
pub(crate) fn examples(option: &str) -> &'static str {
    match option {
        ALLOW => r#""planner", "desk""#,
        TAGS | CAPABILITIES => r#""weather", "travel""#,
        EXAMPLES => r#""sum up the report""#,
        INPUT | OUTPUT => r#""text/plain""#,
        PARTS => r#""cooling", "doors""#,
        PROVIDER => r#""Organisation", "https://..""#,
        _ => r#""..", "..""#,
    }
}

/// What to say of an option that is not known.
pub(crate) fn unknown(option: &str, known: &[&str]) -> String {
    if let Some(advice) = elsewhere(option, known) {
        return format!("unknown option `{option}`; write {advice}");
    }
    let list: Vec<_> = known.iter().map(|option| format!("`{option}`")).collect();
    match near(option, known) {
        Some(near) => format!("unknown option `{option}`; did you mean `{near}`?"),
        None => format!("unknown option `{option}`; the options are {}", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_option_finds_its_neighbour() {
        assert_eq!(unknown("readonly", TOOL), "unknown option `readonly`; did you mean `read_only`?");
        assert_eq!(unknown("timout", TOOL), "unknown option `timout`; did you mean `timeout`?");
        assert!(unknown("xyz", ARG).ends_with("`example`, `given`"));
    }

    #[test]
    fn an_option_of_others_is_told_with_ours() {
        assert_eq!(unknown("description", ARG), "unknown option `description`; write a `///` line above it");
        assert_eq!(unknown("min", ARG), "unknown option `min`; write `range = 1..=7`, or `range = 1..`");
        assert_eq!(unknown("max_length", ARG), "unknown option `max_length`; write `length = 1..=80`");
        assert_eq!(unknown("read_only_hint", TOOL), "unknown option `read_only_hint`; write `read_only`");
        assert!(unknown("min", TOOL).starts_with("unknown option `min`; the options are `name`"));
        assert_eq!(unknown("choices", ARG), "unknown option `choices`; write an enum for the type");
        assert_eq!(
            unknown("reply", ON),
            "unknown option `reply`; write `#[request]` in place of this attribute"
        );
        assert!(unknown("about", AGENT_BLOCK).contains("`#[derive(AgentCard)]`"));
        assert!(unknown("about", REMOTE).starts_with("unknown option `about`; the options are"));
    }

    #[test]
    fn what_a_message_shows_can_be_written() {
        assert_eq!(crate::validate::tool(example(NAME)), Ok(()));
        assert_eq!(crate::validate::agent(example(ID)), Ok(()));
        assert_eq!(crate::validate::argument(example(RENAME)), Ok(()));
        assert_eq!(crate::validate::group(example(SHARED)), Ok(()));
        assert_eq!(crate::validate::code(example(CODE)), Ok(()));
        assert_eq!(crate::validate::url(example(ICON)), Ok(()));
        assert_eq!(crate::template::filter(example(REPLY)), Ok(()));
    }
}
