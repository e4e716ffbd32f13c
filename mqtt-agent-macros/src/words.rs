//! The words of the attributes, each spelled here once, and what is near them.

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

/// What `#[mqtt_agent::test(..)]` knows.
pub(crate) const TEST: &[&str] = &[AGENT, TIMEOUT, CRATE];

/// What `#[tool(..)]` knows.
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

/// What `#[skill(..)]` knows.
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

/// What `#[card(..)]` knows.
pub(crate) const CARD: &[&str] =
    &[ID, VERSION, NAME, PROVIDER, TAGS, CAPABILITIES, DOCUMENTATION, ICON, CRATE];

/// What `#[arg(..)]` knows.
pub(crate) const ARG: &[&str] = &[RANGE, LENGTH, PATTERN, DEFAULT, RENAME, EXAMPLE, GIVEN];

/// What `#[on(..)]` knows.
pub(crate) const ON: &[&str] = &[QOS, SHARED, TIMEOUT, CONCURRENCY, BLOCKING, CRATE];

/// What `#[request(..)]` knows.
pub(crate) const REQUEST: &[&str] =
    &[QOS, SHARED, REPLY, TIMEOUT, CONCURRENCY, BLOCKING, CALLER, LAYER, CRATE];

/// What `#[event(..)]` knows.
pub(crate) const EVENT: &[&str] = &[QOS, RETAIN, CRATE];

/// What `#[agent(..)]` knows.
pub(crate) const AGENT_BLOCK: &[&str] = &[ID, PART, PARTS, CRATE];

/// What `#[remote(..)]` knows.
pub(crate) const REMOTE: &[&str] = &[PREFIX, CRATE];

/// What `#[tool_error(..)]` knows.
pub(crate) const TOOL_ERROR: &[&str] =
    &[MESSAGE, CODE, INTERNAL, OPAQUE, TRANSPARENT, RETRY_AFTER, FROM, CRATE];

/// The one that was probably meant.
pub(crate) fn near<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(word, known), *known));
    let near = scored.filter(|(score, _)| *score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, near)| near)
}

/// What to say of a word that is not known.
pub(crate) fn unknown(word: &str, known: &[&str]) -> String {
    let list: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
    match near(word, known) {
        Some(near) => format!("unknown word `{word}`; did you mean `{near}`?"),
        None => format!("unknown word `{word}`; the words are {}", list.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        assert_eq!(unknown("readonly", TOOL), "unknown word `readonly`; did you mean `read_only`?");
        assert_eq!(unknown("timout", TOOL), "unknown word `timout`; did you mean `timeout`?");
        assert!(unknown("xyz", ARG).ends_with("`example`, `given`"));
    }
}
