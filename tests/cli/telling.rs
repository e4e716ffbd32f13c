//! What is said of arguments: errors are whole, examples are valid, and lists can be given in several ways.

use support::on_each_broker;

use crate::command::run;
use crate::store::spares;

/// Two lines with several mistakes each.
const WRONG: &str = r#"[{"part": "a", "count": 0, "condition": {"kind": "mended", "by": "x"}, "shelf": {"row": "Z", "level": 9}},
    {"part": "b", "count": 501, "condition": {"kind": "old"}, "shelf": {"row": "a", "level": 0}}]"#;

const WHERE: [&str; 7] = [
    "`/lines/0/condition/by`: ",
    "`/lines/0/count`: ",
    "`/lines/0/shelf/level`: ",
    "`/lines/0/shelf/row`: ",
    "`/lines/1/count`: ",
    "`/lines/1/shelf/level`: ",
    "`/lines/1/shelf/row`: ",
];

/// The words of a command line as a shell has them.
fn words(line: &str) -> Vec<String> {
    let output =
        std::process::Command::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

on_each_broker! {
    async fn mcp_8_every_invalid_argument_has_a_line(broker) {
        let agent = spares(&broker.url()).await;
        let line = ["call", "book", "--lines", WRONG];
        let people = run(broker, &line).await;
        assert_eq!(people.code, Some(2), "{people:?}");
        let lines: Vec<&str> = people.stderr.lines().collect();
        assert_eq!(lines.first(), Some(&"mqtt-agent: invalid arguments:"));
        let json = run(broker, &[&line[..], &["--json"]].concat()).await.error(2);
        let message = json["message"].as_str().unwrap();
        for pointer in WHERE {
            assert!(lines.iter().any(|line| line.trim_start().starts_with(pointer)), "{pointer}: {people:?}");
            assert!(message.contains(pointer), "{pointer}: {json}");
        }
        agent.stop().await;
    }

    async fn a_long_error_is_whole_and_escaped_and_has_an_end(broker) {
        let agent = spares(&broker.url()).await;
        let ended = run(broker, &["call", "complain", "--length", "5000"]).await;
        assert!(ended.stderr.contains(r"begins\u{a}\u{1b}[31mxxx") && ended.stderr.ends_with("xends\n"), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        let json = run(broker, &["call", "complain", "--length", "5000", "--json"]).await.error(1);
        assert!(json["message"].as_str().unwrap().ends_with("xends"), "{json}");
        let ended = run(broker, &["call", "complain", "--length", "100000"]).await;
        assert!(ended.stderr.len() < 66_000 && ended.stderr.ends_with("x…\n"), "{}", ended.stderr.len());
        agent.stop().await;
    }

    async fn the_example_of_a_tool_is_valid_at_any_depth(broker) {
        let agent = spares(&broker.url()).await;
        for tool in ["book", "take_part"] {
            let shown = run(broker, &["show", tool, "--json"]).await.values().remove(0);
            let words = words(shown["example"].as_str().unwrap());
            let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            run(broker, &words).await.done();
        }
        agent.stop().await;
    }

    async fn the_example_of_a_skill_is_valid(broker) {
        let agent = crate::store::office(&broker.url()).await;
        let shown = run(broker, &["show", "office"]).await;
        let examples: Vec<&str> = shown.done().lines().filter_map(|line| line.trim().strip_prefix("example: ")).collect();
        assert_eq!(examples.len(), 2, "{shown:?}");
        for example in examples {
            let words = words(example);
            let words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            run(broker, &words).await.done();
        }
        agent.stop().await;
    }

    async fn the_help_of_a_list_says_what_it_takes(broker) {
        let agent = spares(&broker.url()).await;
        let help = run(broker, &["call", "book", "--help"]).await;
        let line = help.done().lines().find(|line| line.contains("--lines")).unwrap();
        for part in ["--lines <JSON>", "What was delivered. (required; once for each item, or a whole list in JSON; as --lines '{"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        for option in ["--url", "--namespace", "--context", "--timeout", "--json"] {
            assert!(help.done().lines().any(|line| line.contains("may stand here too") && line.contains(option)), "{help:?}");
        }
        agent.stop().await;
    }

    async fn a_list_is_given_item_by_item_or_whole(broker) {
        let agent = spares(&broker.url()).await;
        let line = |part: &str| format!(r#"{{"part": "{part}", "count": 3, "condition": {{"kind": "new"}}, "shelf": {{"row": "B-01", "level": 2}}}}"#);
        let (one, two) = (line("one"), format!("[{}, {}]", line("two"), line("three")));
        let said = run(broker, &["call", "book", "--lines", &one, "--lines", &two, "--carrier", "Ada"]).await;
        assert_eq!(said.done(), "one two three by Ada");
        agent.stop().await;
        let (agent, _heard) = crate::served::station(&broker.url()).await;
        for (given, words) in [(r#"["a", "b"]"#, r#"["a", "b"]"#), ("[a]", r#"["[a]"]"#), ("[1]", r#"["[1]"]"#), ("[]", "[]")] {
            let said = run(broker, &["call", "weather", "--city", "Oslo", "--words", given]).await;
            assert_eq!(said.done(), format!("Oslo None false {words}"));
        }
        agent.stop().await;
    }

    async fn what_is_no_item_is_refused_with_one_that_is(broker) {
        let agent = spares(&broker.url()).await;
        let error = run(broker, &["call", "book", "--lines", "bearings", "--json"]).await.error(2);
        let message = error["message"].as_str().unwrap();
        let begins = "`--lines` takes a JSON object for each item, and `bearings` is not one; write, for example, `--lines '{";
        assert!(message.starts_with(begins), "{message}");
        agent.stop().await;
    }

    async fn a_value_that_stands_where_an_option_is_meant_is_refused_with_the_option(broker) {
        let agent = spares(&broker.url()).await;
        let cases: [(&[&str], &str); 4] = [
            (&["BRG-6204"], "write `--part BRG-6204`"),
            (&["part=BRG-6204"], "write `--part BRG-6204`"),
            (&["--part", "BRG-6204", "3"], "write `--count 3`"),
            (&["BRG-6204", "3"], "write `--part BRG-6204`"),
        ];
        for (words, said) in cases {
            let error = run(broker, &[&["call", "take_part", "--json"], words].concat()).await.error(2);
            let message = error["message"].as_str().unwrap();
            assert_eq!(message, format!("the arguments of `take_part` are options; {said}"));
        }
        let error = run(broker, &["call", "book", "--lines", "{}", "--carrier", "x", "y", "--json"]).await.error(2);
        assert!(error["message"].as_str().unwrap().contains("`y` is none; write, for example, `mqtt-agent call book --lines '{"), "{error}");
        agent.stop().await;
    }
}
