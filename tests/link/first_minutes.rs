//! What a newcomer sees on the terminal: a broker that is not there, and what is printed on request.

use std::process::{ExitStatus, Stdio};

use mqtt_agent::Client;
use support::fake_broker::Properties;
use support::{FakeBroker, Knobs, TestBroker, eventually, free_address, soon};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStderr, Command};

/// A process and what it prints on stderr.
struct Hello {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Hello {
    /// Starts it, with these variables and no other that the library reads.
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hello-process"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MQTT_AGENT_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).envs(variables.iter().copied());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line.
    async fn line(&mut self) -> String {
        soon(self.lines.next_line()).await.unwrap().expect("a line")
    }

    /// The next line with this text.
    async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line().await;
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits for the end, and what was printed up to it.
    async fn end(mut self) -> (ExitStatus, Vec<String>) {
        let mut lines = Vec::new();
        while let Some(line) = soon(self.lines.next_line()).await.unwrap() {
            lines.push(line);
        }
        (soon(self.child.wait()).await.unwrap(), lines)
    }

    /// Ends it by a signal.
    async fn terminate(self) -> (ExitStatus, Vec<String>) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        self.end().await
    }
}

/// How many of these lines have this text.
fn count(lines: &[String], text: &str) -> usize {
    lines.iter().filter(|line| line.contains(text)).count()
}

const SHORT: (&str, &str) = ("MQTT_AGENT_CONNECT_TIMEOUT", "2");
const RETRY: (&str, &str) = ("MQTT_AGENT_RETRY_FIRST_CONNECTION", "true");

#[tokio::test]
async fn without_a_broker_it_is_told_what_is_waited_for_why_and_how_to_start_one_and_then_how_it_ended() {
    let address = free_address();
    for what in ["serve", "connect"] {
        let (status, lines) = Hello::start(&[what, &format!("mqtt://{address}")], &[SHORT]).end().await;
        let [waits, start, error] = lines.as_slice() else { panic!("{what}: {lines:?}") };
        let says =
            format!("mqtt-agent: waiting for a broker at `{address}`, for up to 2 s: Connection refused");
        assert!(waits.starts_with(&says), "{what}: {waits}");
        assert!(start.starts_with("mqtt-agent: to start one, in another terminal: `"), "{what}: {start}");
        assert!(start.contains(&format!(" {}`", address.port())), "{what}: {start}");
        assert!(
            error.starts_with(&format!("Error: no connection to `{address}` within 2 s")),
            "{what}: {error}"
        );
        assert!(!status.success(), "{what}: {status}");
    }
}

#[tokio::test]
async fn a_broker_elsewhere_is_not_to_be_started_here() {
    let url = "mqtt://broker.invalid";
    let (_, lines) = Hello::start(&["connect", url], &[SHORT]).end().await;
    assert!(lines[0].starts_with("mqtt-agent: waiting for a broker at `broker.invalid:1883`, "), "{lines:?}");
    assert!(lines[1].starts_with("mqtt-agent: check the address"), "{lines:?}");
}

#[tokio::test]
async fn a_broker_that_accepts_and_says_nothing_is_told_of_too() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", silent.local_addr().unwrap());
    let (_, lines) = Hello::start(&["connect", &url], &[SHORT]).end().await;
    assert!(lines[0].ends_with(": it has not answered yet"), "{lines:?}");
}

#[tokio::test]
async fn who_waits_for_as_long_as_it_takes_is_told_so_and_when_it_is_over() {
    let address = free_address();
    let mut hello = Hello::start(&["serve", &format!("mqtt://{address}")], &[RETRY]);
    assert!(hello.line().await.contains(", for as long as it takes: "));
    hello.line_with("to start one").await;
    let _broker = FakeBroker::start_at(address, Knobs::default());
    assert_eq!(hello.line().await, format!("mqtt-agent: connected to `{address}`"));
    let (status, lines) = hello.terminate().await;
    assert!(status.success() && lines.is_empty(), "{status}: {lines:?}");
}

#[tokio::test]
async fn an_agent_with_nothing_to_serve_says_so_and_what_the_linker_leaves_out() {
    let broker = TestBroker::embedded().await;
    let mut hello = Hello::start(&["empty", &broker.url()], &[]);
    let line = hello.line().await;
    assert!(
        line.starts_with("mqtt-agent: agent `calculator` has nothing to serve; write `#[tool]`"),
        "{line}"
    );
    assert!(line.contains("(`use my_lib as _;`)"), "{line}");
    let (_, lines) = hello.terminate().await;
    assert!(lines.is_empty(), "{lines:?}");
    // Who asks for a log reads it there, once.
    let mut hello = Hello::start(&["empty", &broker.url()], &[("MQTT_AGENT_LOG", "info")]);
    hello.line_with(" WARN ").await;
    hello.line_with("serving").await;
    let (_, lines) = hello.terminate().await;
    assert_eq!(count(&lines, "nothing to serve"), 0, "{lines:?}");
}

#[tokio::test]
async fn where_there_is_a_subscriber_it_is_told_through_that_alone() {
    let url = format!("mqtt://{}", free_address());
    let (_, lines) = Hello::start(&["connect", &url, "subscriber"], &[SHORT]).end().await;
    assert_eq!(count(&lines, "mqtt-agent: "), 0, "{lines:?}");
    assert_eq!(count(&lines, "waiting for the broker for up to 2 s"), 1, "{lines:?}");
    let line = lines.iter().find(|line| line.contains("waiting for the broker")).unwrap();
    for part in [
        " WARN ",
        "broker=127.0.0.1:",
        "error=Connection refused",
        "advice=to start one, in another terminal: `",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn who_asks_for_nothing_at_all_is_told_nothing() {
    let url = format!("mqtt://{}", free_address());
    let (_, lines) = Hello::start(&["connect", &url], &[SHORT, ("MQTT_AGENT_LOG", "off")]).end().await;
    assert_eq!((lines.len(), count(&lines, "Error: no connection")), (1, 1), "{lines:?}");
}

#[tokio::test]
async fn with_a_broker_nothing_is_printed() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let hello = Hello::start(&["serve", &broker.url()], &[]);
    broker.seen().publish(1, "a2a/v1/mcp/servers/calculator/card").await;
    let (status, lines) = hello.terminate().await;
    assert!(status.success() && lines.is_empty(), "{status}: {lines:?}");
}

#[tokio::test]
async fn on_request_it_is_printed_what_an_agent_serves() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let mut hello = Hello::start(&["serve", &broker.url()], &[("MQTT_AGENT_LOG", "info")]);
    let line = hello.line_with("serving").await;
    let text =
        " INFO mqtt_agent::agent::running: serving agent=\"calculator\" tools=[\"add\"] topics=[] skills=[]";
    assert!(line.ends_with(text), "{line}");
    let (status, lines) = hello.terminate().await;
    assert!(status.success() && count(&lines, ": stopped agent=\"calculator\"") == 1, "{status}: {lines:?}");
}

#[tokio::test]
async fn what_is_waited_for_is_in_the_lines_that_were_asked_for_and_not_told_twice() {
    let url = format!("mqtt://{}", free_address());
    let (_, lines) = Hello::start(&["connect", &url], &[SHORT, ("MQTT_AGENT_LOG", "warn")]).end().await;
    assert_eq!(count(&lines, "mqtt-agent: "), 0, "{lines:?}");
    assert_eq!(count(&lines, ": waiting for the broker for up to 2 s broker=127.0.0.1:"), 1, "{lines:?}");
}

#[tokio::test]
async fn what_a_subscriber_takes_is_not_printed_as_well() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let variables = [("MQTT_AGENT_LOG", "debug")];
    let mut hello = Hello::start(&["serve", &broker.url(), "subscriber"], &variables);
    hello.line_with("serving").await;
    let (_, lines) = hello.terminate().await;
    assert_eq!((count(&lines, "serving"), count(&lines, "stopped")), (0, 1), "{lines:?}");
}

#[tokio::test]
async fn a_level_that_is_none_is_told() {
    let broker = FakeBroker::start(Knobs::default()).await;
    let (status, lines) =
        Hello::start(&["connect", &broker.url()], &[("MQTT_AGENT_LOG", "s3cret")]).end().await;
    let told =
        "mqtt-agent: `MQTT_AGENT_LOG` is no level; write `off`, `error`, `warn`, `info`, `debug` or `trace`";
    assert!(status.success(), "{status}");
    assert_eq!(lines, [told]);
}

#[tokio::test]
async fn sub_11a_what_a_broker_says_is_printed_escaped() {
    // Server busy: it is tried again, and what it says is why.
    let refuse = Some((0x89, Properties::new().reason("\u{1b}[2J\u{202e}\r\nforged")));
    let broker = FakeBroker::start(Knobs { refuse, ..Knobs::default() }).await;
    for level in ["", "debug"] {
        let hello = Hello::start(&["connect", &broker.url()], &[SHORT, ("MQTT_AGENT_LOG", level)]);
        let (_, lines) = hello.end().await;
        let escaped = "\\u{1b}[2J\\u{202e}\\u{d}\\u{a}forged";
        let waits = lines.iter().find(|line| line.contains("waiting for ")).unwrap();
        assert!(waits.contains(escaped), "{level}: {waits}");
        let plain = |line: &String| line.chars().all(|c| !c.is_control() && c != '\u{202e}');
        assert!(lines.iter().all(plain) && count(&lines, "forged") >= 2, "{level}: {lines:?}");
        assert!(lines.iter().all(|line| !line.starts_with("forged")), "{level}: {lines:?}");
    }
}

#[tokio::test]
async fn two_processes_with_one_id_are_told_of_each_other_once() {
    let broker = TestBroker::embedded().await;
    let mut first = Hello::start(&["serve", &broker.url()], &[]);
    let client = Client::connect(&broker.url()).await.unwrap();
    eventually("it serves", || async { client.tool("add").await.unwrap() }).await;
    let second = Hello::start(&["serve", &broker.url()], &[]);
    let told = "mqtt-agent: another client with the id `calculator` took the connection over; give each agent its own id, \
                or each of its processes its own `.instance(..)`";
    assert_eq!(first.line().await, told);
    let (_, lines) = second.terminate().await;
    assert!(count(&lines, told) <= 1, "{lines:?}");
    let (_, lines) = first.terminate().await;
    assert_eq!(count(&lines, told), 0, "{lines:?}");
}

/// A broker that closes the connection of the first without a word, as Mosquitto 2.0.11 does.
#[cfg(feature = "peers")]
#[tokio::test]
async fn two_processes_with_one_id_are_told_of_each_other_where_the_broker_does_not_say_why() {
    let broker = TestBroker::stock().await;
    let mut first = Hello::start(&["serve", &broker.url()], &[]);
    let _second = Hello::start(&["serve", &broker.url()], &[]);
    let told = first.line_with("give each").await;
    assert!(told.contains("`calculator`") && told.contains("`.instance(..)`"), "{told}");
}
