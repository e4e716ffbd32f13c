//! The log of the library: events of `tracing`, and the same lines on stderr if there is no subscriber.
//!
//! [`error`], [`warn`], [`info`], [`debug`] and [`trace`] have the syntax of `tracing`'s macros. A library sets no
//! subscriber, so a program without a subscriber would log nothing. In this case the variable `MQTT_AGENT_LOG` sets a
//! level to print, and [`note`] prints essential lines even without the variable.

use std::fmt;
use std::io::Write;
use std::sync::OnceLock;

use tracing::Level;
use tracing::dispatcher::get_default;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;

use crate::shown::quoting;

const VARIABLE: &str = "MQTT_AGENT_LOG";

/// The target of the connection's packets, which are all that is logged at the level `trace`.
pub(crate) const PACKETS: &str = "mqtt_agent::packets";

macro_rules! error_ {
    ($($event:tt)+) => {{ tracing::error!($($event)+); $crate::log::print!(ERROR, $($event)+) }};
}
macro_rules! warn_ {
    ($($event:tt)+) => {{ tracing::warn!($($event)+); $crate::log::print!(WARN, $($event)+) }};
}
macro_rules! info_ {
    ($($event:tt)+) => {{ tracing::info!($($event)+); $crate::log::print!(INFO, $($event)+) }};
}
macro_rules! debug_ {
    ($($event:tt)+) => {{ tracing::debug!($($event)+); $crate::log::print!(DEBUG, $($event)+) }};
}

macro_rules! trace_ {
    ($($event:tt)+) => {{
        tracing::trace!(target: $crate::log::PACKETS, $($event)+);
        $crate::log::print!(TRACE in $crate::log::PACKETS, $($event)+)
    }};
}

/// Prints an event where it is asked for and nobody else takes it.
macro_rules! print {
    ($level:ident, $($event:tt)+) => { $crate::log::print!($level in module_path!(), $($event)+) };
    ($level:ident in $target:expr, $($event:tt)+) => {
        if $crate::log::is_printed(tracing::Level::$level) {
            let mut line = $crate::log::Line::new(tracing::Level::$level, $target);
            $crate::log::fields!(line, $($event)+);
            line.print();
        }
    };
}

/// Puts the fields and the message of an event into a line.
macro_rules! fields {
    ($line:ident, % $name:ident, $($rest:tt)+) => {
        $line.field(stringify!($name), format_args!("{}", $name));
        $crate::log::fields!($line, $($rest)+);
    };
    ($line:ident, ? $name:ident, $($rest:tt)+) => {
        $line.field(stringify!($name), format_args!("{:?}", $name));
        $crate::log::fields!($line, $($rest)+);
    };
    ($line:ident, $name:ident = % $value:expr, $($rest:tt)+) => {
        $line.field(stringify!($name), format_args!("{}", $value));
        $crate::log::fields!($line, $($rest)+);
    };
    ($line:ident, $name:ident = ? $value:expr, $($rest:tt)+) => {
        $line.field(stringify!($name), format_args!("{:?}", $value));
        $crate::log::fields!($line, $($rest)+);
    };
    ($line:ident, $name:ident = $value:expr, $($rest:tt)+) => {
        $line.field(stringify!($name), format_args!("{:?}", $value));
        $crate::log::fields!($line, $($rest)+);
    };
    ($line:ident, $name:ident, $($rest:tt)+) => {
        $line.field(stringify!($name), format_args!("{:?}", $name));
        $crate::log::fields!($line, $($rest)+);
    };
    ($line:ident, $message:literal $(, $($argument:tt)*)?) => {
        $line.message(format_args!($message, $($($argument)*)?));
    };
}

// By other names, for `warn` is an attribute of the language.
pub(crate) use {
    debug_ as debug, error_ as error, fields, info_ as info, print, trace_ as trace, warn_ as warn,
};

/// Whether an event of this level goes to stderr.
pub(crate) fn is_printed(level: Level) -> bool {
    // Nearly always there is nothing to print, so that is known first.
    asked().is_some_and(|asked| level <= asked) && nobody_listens()
}

/// What the environment asks for; read once.
fn asked() -> Option<LevelFilter> {
    static ASKED: OnceLock<Option<LevelFilter>> = OnceLock::new();
    *ASKED.get_or_init(|| {
        let text = std::env::var_os(VARIABLE).filter(|text| !text.is_empty())?;
        let level = text.to_str().and_then(parse);
        if level.is_none() {
            // The value is not repeated: that of a misplaced variable may be a password.
            write(&format!(
                "`{VARIABLE}` is no level; write `off`, `error`, `warn`, `info`, `debug` or `trace`"
            ));
        }
        level
    })
}

fn parse(text: &str) -> Option<LevelFilter> {
    Some(match text.trim().to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}

/// Whether events of this thread reach no subscriber.
fn nobody_listens() -> bool {
    get_default(tracing::Dispatch::is::<NoSubscriber>)
}

/// Tells a person what is to be known also where nobody asked for a log: on stderr, unless a subscriber has it or the
/// environment says what is to be printed. The same is logged as an event.
pub(crate) fn note(text: &str) {
    if asked().is_none() && nobody_listens() {
        write(text);
    }
}

fn write(text: &str) {
    put(format!("mqtt-agent: {}\n", quoting(text)));
}

/// Writes a line at once, so that lines of several threads don't mix.
fn put(line: String) {
    // Where stderr is gone there is nobody to tell.
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// An event as a line of text.
pub(crate) struct Line {
    begin: String,
    message: String,
    fields: String,
}

impl Line {
    pub(crate) fn new(level: Level, module: &str) -> Self {
        let begin = format!("{:.3} {level:>5} {module}", jiff::Timestamp::now());
        Self { begin, message: String::new(), fields: String::new() }
    }

    pub(crate) fn field(&mut self, name: &str, value: fmt::Arguments<'_>) {
        let value = value.to_string();
        if value != "None" {
            self.fields.extend([" ", name, "=", &value]);
        }
    }

    pub(crate) fn message(&mut self, message: fmt::Arguments<'_>) {
        self.message.push_str(&message.to_string());
    }

    /// All of it escaped and of a bounded length, as each text of a peer in it already is.
    pub(crate) fn print(self) {
        put(format!("{}\n", quoting(&self)));
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { begin, message, fields } = self;
        write!(f, "{begin}: {message}{fields}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::shown::shown;

    /// What follows the time.
    fn text(line: &Line) -> String {
        quoting(line).to_string().split_once(' ').unwrap().1.to_owned()
    }

    #[test]
    fn a_line_has_what_an_event_takes_in_the_order_of_its_fields() {
        let (error, tools, count, what) = ("no such file", ["add"], 2, "it");
        let mut line = Line::new(Level::WARN, module_path!());
        fields!(line, %error, ?tools, count, name = "calculator", size = 1 + 1, code = None::<&str>, "failed to store {what}");
        assert_eq!(
            text(&line),
            " WARN mqtt_agent::log::tests: failed to store it error=no such file tools=[\"add\"] count=2 \
             name=\"calculator\" size=2"
        );
    }

    #[test]
    fn a_line_stays_a_line_whatever_is_in_it() {
        let mut line = Line::new(Level::INFO, "m");
        let error = "\u{1b}[2J\nforged";
        fields!(line, topic = %shown("a\u{202e}b"), %error, "failed: {}", "x".repeat(5000));
        let long = text(&line);
        assert!(long.starts_with(" INFO m: failed: xxx") && long.ends_with('…'), "{long}");
        assert!(long.chars().count() <= 2001);
        let mut line = Line::new(Level::INFO, "m");
        fields!(line, topic = %shown("a\u{202e}b"), %error, "failed");
        assert_eq!(
            quoting(&line).to_string().split_once(" m: ").unwrap().1,
            "failed topic=a\\u{202e}b error=\\u{1b}[2J\\u{a}forged"
        );
    }

    #[test]
    fn a_level_is_read_however_it_is_written_and_what_is_none_is_no_level() {
        for (text, level) in [
            ("info", Some(LevelFilter::INFO)),
            (" DEBUG ", Some(LevelFilter::DEBUG)),
            ("off", Some(LevelFilter::OFF)),
            ("1", None),
            ("mqtt_agent=info", None),
        ] {
            assert_eq!(parse(text), level, "{text}");
        }
    }
}
