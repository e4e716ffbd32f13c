//! How commands print: for people, or as JSON (`--json`), one value a line.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Style};
use serde_json::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::exit::{Exit, Failure};

/// Where the answers of a command go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// In JSON nothing goes to stderr, so the library has to have somewhere else to say what it waits for. Its lines that
    /// the environment asks for are printed all the same.
    pub(crate) fn hush(self) {
        if self.json && std::env::var_os("MQTT_AGENT_LOG").is_none() {
            // There is no other: this is the beginning of the program.
            drop(tracing::subscriber::set_global_default(Silence));
        }
    }

    /// An answer: the JSON, or the text that is made for people.
    pub(crate) fn answer(self, json: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let text = if self.json { line(json) } else { printable(&text()) };
        write(&text)
    }

    /// What is said on the way to the answer: in JSON it is a line of the stream, otherwise it goes to stderr, so that the
    /// answer can be piped.
    pub(crate) fn progress(self, json: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            return write(&line(json));
        }
        self.note(&text());
        Ok(())
    }

    /// Something that happened: the JSON, or its time, a word with a colour, and a text.
    pub(crate) fn event(
        self,
        json: &Value,
        colour: AnsiColor,
        [at, word, text]: [&str; 3],
    ) -> Result<(), Failure> {
        if self.json {
            return write(&line(json));
        }
        let (colour, dim) = (colour.on_default(), Style::new().dimmed());
        let text = printable(text).replace('\n', " ");
        write_coloured(&format!("{dim}{at}{dim:#}  {colour}{word:10}{colour:#}  {text}"))
    }

    /// A line on stderr for people; nothing in JSON.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            // A terminal that is gone reads nothing.
            drop(writeln!(io::stderr(), "{}", printable(text)));
        }
    }

    /// Says why a command failed.
    pub(crate) fn fail(self, failure: &Failure) -> ExitCode {
        if failure.exit == Exit::Done {
            // The reader has read enough.
        } else if self.json {
            drop(write(&line(&failure.to_json())));
        } else {
            drop(writeln!(io::stderr(), "mqtt-agent: {}", printable(failure.for_people())));
        }
        failure.exit.into()
    }
}

fn write(text: &str) -> Result<(), Failure> {
    write_to(&mut io::stdout().lock(), text)
}

fn write_to(stdout: &mut impl Write, text: &str) -> Result<(), Failure> {
    let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
    match written {
        Ok(()) => Ok(()),
        // The reader has read enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::new(Exit::Done, "")),
        Err(error) => Err(Failure::failed(format!("stdout cannot be written: {error}"))),
    }
}

/// Writes what has colours, where stdout is a terminal that shows them; `NO_COLOR` and `CLICOLOR` are heeded.
fn write_coloured(text: &str) -> Result<(), Failure> {
    write_to(&mut anstream::stdout().lock(), text)
}

/// Text of peers as a terminal may have it: their control characters would move its cursor and change its title.
pub(crate) fn printable(text: &str) -> String {
    escaped(text, |char| char.escape_unicode().to_string())
}

/// JSON on one line. What a terminal must not have is escaped as JSON escapes it: it stands in strings only.
fn line(json: &Value) -> String {
    escaped(&json.to_string(), |char| format!("\\u{:04x}", u32::from(char)))
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        // The marks that turn the direction of writing hide what stands there.
        let turns = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (char.is_control() && !matches!(char, '\n' | '\t')) {
            shown.push_str(&escape(char));
        } else {
            shown.push(char);
        }
    }
    shown
}

/// A value for people: text as it is, all else as indented JSON.
pub(crate) fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()),
    }
}

/// Names and what stands beside them, in two columns.
pub(crate) fn columns(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines = rows.iter().map(|(name, text)| {
        let line = text.lines().next().unwrap_or_default();
        format!("{name:width$}  {line}").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `1 tool`, `2 tools`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// With three digits behind the point.
pub(crate) fn thousandths(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// A log that takes nothing.
struct Silence;

impl Subscriber for Silence {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
