//! Every shape of error.
#![deny(warnings)]

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, SystemTime};

use mqtt_agent::prelude::*;
use mqtt_agent::FromToolError;

type Reason = &'static str;

#[derive(Debug, PartialEq, ToolError)]
enum Shapes<'a> {
    #[tool_error("nothing to say, {{}}")]
    Unit,
    #[tool_error("{0} and {1:?} and {0:>4}")]
    Tuple(u8, Option<Vec<char>>),
    #[tool_error("{type}")]
    Raw { r#type: u8 },
    #[tool_error("{since:#x} {until}")]
    Named { since: u64, until: String, more: BTreeMap<String, i128> },
    #[tool_error("goes out, and cannot come back: {0}")]
    Borrowed(&'a str),
    #[tool_error("the same behind an alias: {0}")]
    Aliased(Reason),
    #[tool_error("empty ones")]
    Empty(),
    #[tool_error("empty ones", code = "empty_named")]
    EmptyNamed {},
    #[tool_error("in {wait:?}", retry_after = wait)]
    Wait { wait: Option<Duration> },
    #[tool_error("at", retry_after = 0, opaque)]
    At(SystemTime),
    #[deprecated]
    #[tool_error("old")]
    Old,
    #[tool_error(internal)]
    Inside(NoTraits),
    #[tool_error("disk {0}", internal, retry_after = "2s")]
    Disk(u8),
    #[tool_error(transparent, from)]
    Other(String),
}

#[derive(Debug, PartialEq)]
struct NoTraits;

#[derive(ToolError)]
#[tool_error("no city `{0}`")]
struct NoSuchCity(String);

#[derive(ToolError)]
#[tool_error("gone")]
struct Gone;

#[derive(ToolError)]
#[tool_error("at {line}", code = "parse")]
struct Parse {
    line: u32,
}

#[derive(Debug, ToolError)]
enum Never {}

#[derive(Debug, ToolError)]
enum Wrapped<T, E: std::error::Error>
where
    T: PartialEq,
{
    #[tool_error("not {value}")]
    Not { value: T },
    #[tool_error(internal)]
    Cause(E),
    #[tool_error("never", opaque)]
    Never(std::marker::PhantomData<T>),
}

#[derive(Debug, thiserror::Error, ToolError)]
enum Shown<T> {
    #[error("shown as {0}")]
    Value(T),
}

#[derive(ToolError)]
enum Around<E> {
    #[tool_error(transparent)]
    Inner(E),
}

/// An error with parameters.
#[tool]
async fn generic(n: u8) -> Result<(), Wrapped<u8, std::num::ParseIntError>> {
    if n > 1 { Err(Wrapped::Not { value: n }) } else { "x".parse::<u8>().map(drop).map_err(Wrapped::Cause) }
}

/// An error around another.
#[tool]
async fn around() -> Result<(), Around<Shown<u8>>> {
    Err(Around::Inner(Shown::Value(1)))
}

/// Never fails.
#[tool]
async fn never() -> Result<(), Never> {
    Ok(())
}

fn message_of(error: impl ToolError) -> String {
    error.message()
}

fn back<E: ToolError + FromToolError>(error: &E) -> Option<E> {
    E::from_tool_error(error.code(), &error.message(), error.data().as_deref())
}

fn comes_back(error: Shapes<'static>, message: impl Display) {
    assert_eq!(error.message(), message.to_string());
    assert_eq!(back(&error), Some(error));
}

fn main() {
    comes_back(Shapes::Unit, "nothing to say, {}");
    comes_back(Shapes::Tuple(7, Some(vec!['a'])), "7 and Some(['a']) and    7");
    comes_back(Shapes::Raw { r#type: 1 }, 1);
    let more = BTreeMap::from([("x".to_owned(), i128::from(i64::MIN))]);
    comes_back(Shapes::Named { since: 255, until: "u\"".to_owned(), more }, "0xff u\"");
    comes_back(Shapes::Empty(), "empty ones");
    comes_back(Shapes::EmptyNamed {}, "empty ones");
    comes_back(Shapes::Wait { wait: None }, "in None");
    comes_back(Shapes::Other("else".to_owned()), "else");
    let text = "goes out, and cannot come back: x".to_owned();
    assert_eq!(back(&Shapes::Borrowed("x")), Some(Shapes::Other(text)), "what knows every message gets it");
    assert_eq!(Shapes::Aliased("x").data().unwrap().get(), r#"["x"]"#);
    let wait = Shapes::At(SystemTime::now() + Duration::from_secs(9)).retry_after().unwrap();
    assert!(wait > Duration::from_secs(5) && wait <= Duration::from_secs(9));
    assert_eq!(Shapes::At(SystemTime::UNIX_EPOCH).retry_after(), Some(Duration::ZERO));
    assert!(Shapes::At(SystemTime::now()).data().is_none());
    let inside = Shapes::Inside(NoTraits);
    assert_eq!((inside.message().as_str(), inside.code()), ("internal error", Some("internal")));
    assert_eq!(Shapes::Disk(1).retry_after(), Some(Duration::from_secs(2)));

    assert_eq!(message_of(NoSuchCity("Ys".to_owned())), "no city `Ys`");
    assert_eq!(Gone.code(), Some("gone"));
    assert_eq!(back(&Parse { line: 7 }).unwrap().line, 7);

    let error = Wrapped::<u8, std::io::Error>::Not { value: 3 };
    assert_eq!(error.message(), "not 3");
    assert!(error.data().is_none(), "a parameter without serde's bounds");
    let error = Around::Inner(Shown::Value(1));
    assert_eq!((error.message().as_str(), error.code()), ("shown as 1", Some("value")));
    // What is only known of a parameter is asked in vain; what is within is asked by itself.
    assert!(Shown::<u8>::codes().len() == 1 && Around::<Shown<u8>>::codes()[0].code == "value");

    let internal = Shapes::codes().into_iter().filter(|code| code.internal).collect::<Vec<_>>();
    assert!(internal.len() == 1 && internal[0].retry, "one code, of which some say when to try again");

    let agent = Agent::new("x").tools(tools![generic, around, never]).build().unwrap();
    assert_eq!(agent.tool_cards().len(), 3);
    let [tool] = tools![generic];
    let codes: Vec<_> = tool.errors().iter().map(|error| error.code).collect();
    assert_eq!(codes, ["not", "internal", "never"]);
}
