//! `ask`: the skill, and its arguments from options, JSON or a text.

use serde_json::Value;
use support::{TestBroker, on_each_broker};

use crate::command::run;
use crate::store::{office, parrot, spares};

async fn says(broker: &TestBroker, arguments: &[&str]) -> String {
    run(broker, &[&["ask"], arguments].concat()).await.done().to_owned()
}

/// Why nothing was asked.
async fn refused(broker: &TestBroker, arguments: &[&str]) -> String {
    let ended = run(broker, &[&["ask"], arguments, &["--json"]].concat()).await;
    assert!(ended.values().iter().all(|value| value["task"] == Value::Null), "no task was given: {ended:?}");
    ended.error(2)["message"].as_str().unwrap().to_owned()
}

on_each_broker! {
    async fn options_are_made_from_the_schema_of_the_only_skill(broker) {
        let agent = spares(&broker.url()).await;
        assert_eq!(says(broker, &["spares", "--prefix", "BRG"]).await, r#"Some("BRG") """#);
        assert_eq!(says(broker, &["spares", r#"{"prefix": "SEA"}"#]).await, r#"Some("SEA") """#);
        assert_eq!(says(broker, &["spares", r#"{"prefix": "SEA"}"#, "--prefix=BRG"]).await, r#"Some("BRG") """#);
        assert_eq!(says(broker, &["spares", "count all", "--prefix", "BRG"]).await, r#"Some("BRG") "count all""#);
        assert_eq!(says(broker, &["spares", "count all"]).await, r#"None "count all""#);
        assert_eq!(says(broker, &["spares"]).await, r#"None """#);
        agent.stop().await;
    }

    async fn options_are_made_from_the_schema_of_the_skill_that_is_named(broker) {
        let agent = office(&broker.url()).await;
        let named = ["office", "--skill", "label", "--words", "fragile", "--copies", "2"];
        assert_eq!(says(broker, &named).await, "2 fragile");
        let before = ["--skill", "label", "office", "--copies", "2", r#"{"words": "fragile"}"#];
        assert_eq!(says(broker, &before).await, "2 fragile");
        let help = run(broker, &["ask", "office", "--skill", "label", "--help"]).await;
        for part in ["Writes a label.", "--words <TEXT>", "What stands on it. (required)", "--copies <NUMBER>"] {
            assert!(help.done().contains(part), "{part}: {help:?}");
        }
        let said = refused(broker, &["office", "--words", "fragile"]).await;
        assert_eq!(said, "`--words` needs a skill; choose one by `--skill`: `label`, `repeat`");
        agent.stop().await;
    }

    async fn a_request_that_lacks_arguments_is_refused_with_the_options(broker) {
        let agent = office(&broker.url()).await;
        let said = refused(broker, &["office", "--skill", "label"]).await;
        assert!(said.contains("needs `--copies`, `--words`"), "{said}");
        let said = refused(broker, &["office", "--skill", "label", "--copies", "2", "fragile"]).await;
        assert_eq!(said, "the arguments of the skill `label` of `office` are options; write `--words fragile`");
        agent.stop().await;
    }

    async fn options_of_a_skill_that_takes_a_text_are_refused_with_what_to_write(broker) {
        let agent = parrot(&broker.url()).await;
        let said = refused(broker, &["parrot", "--prefix", "BRG"]).await;
        assert_eq!(
            said,
            "the card of `parrot` has no options for `repeat`; write the request as a text, or its arguments as JSON: \
             '{\"prefix\": ..}'"
        );
        let said = refused(broker, &["parrot"]).await;
        assert_eq!(said, "say what the skill `repeat` of `parrot` is to do; write `mqtt-agent ask parrot 'TEXT'`");
        assert_eq!(refused(broker, &["parrot", "say", "it"]).await, "the request is one text; write it in quotes");
        agent.stop().await;
    }

    async fn json_that_is_malformed_is_no_text_unless_that_is_said(broker) {
        let (spares, parrot) = (spares(&broker.url()).await, parrot(&broker.url()).await);
        for (agent, request) in [("spares", r#"{"prefix": "#), ("parrot", "[draft] a poem")] {
            let said = refused(broker, &[agent, request]).await;
            assert!(said.starts_with("the request begins like JSON, and cannot be parsed: "), "{said}");
            assert!(said.ends_with("send it as a text with `--plain`"), "{said}");
        }
        assert!(refused(broker, &["spares", "[1]"]).await.contains("are a JSON object"));
        assert_eq!(says(broker, &["parrot", "[draft] a poem", "--plain"]).await, "[draft] a poem");
        assert_eq!(says(broker, &["parrot", "[1]"]).await, "[1]");
        spares.stop().await;
        parrot.stop().await;
    }

    async fn a_skill_that_the_agent_does_not_have_is_refused_with_those_that_it_has(broker) {
        let (spares, office) = (spares(&broker.url()).await, office(&broker.url()).await);
        let said = refused(broker, &["spares", "--skill", "nope", "x"]).await;
        assert_eq!(said, "`spares` has no skill `nope`; choose one of `stocktake`");
        let said = refused(broker, &["office", "--skill", "lable", "x"]).await;
        assert_eq!(said, "`office` has no skill `lable`, only `label`, `repeat`; did you mean `label`?");
        spares.stop().await;
        office.stop().await;
    }

    async fn an_agent_is_shown_with_the_arguments_of_its_skills(broker) {
        let agent = spares(&broker.url()).await;
        let shown = run(broker, &["show", "spares"]).await;
        let expected = "    --prefix <TEXT>  Only parts whose number begins like this.";
        assert!(shown.done().lines().any(|line| line == expected), "{shown:?}");
        agent.stop().await;
    }
}
