//! Names that nothing has: what they may mean.

use support::{TestBroker, eventually, on_each_broker};

use crate::command::run;
use crate::served::station;
use crate::store::{office, spares};

async fn said(broker: &TestBroker, arguments: &[&str]) -> String {
    let error = run(broker, &[arguments, &["--json"]].concat()).await.error(3);
    error["message"].as_str().unwrap().to_owned()
}

/// Holds what is said. On a machine that is busy, some cards may come too late for it.
async fn says(broker: &TestBroker, arguments: &[&str], expected: &str) {
    let what = format!("{arguments:?} says `{expected}`");
    eventually(&what, || async { (said(broker, arguments).await == expected).then_some(()) }).await;
}

on_each_broker! {
    async fn a_misspelt_name_is_told_with_the_one_that_is_meant(broker) {
        let agent = spares(&broker.url()).await;
        let cases: [(&[&str], &str); 10] = [
            (&["call", "take_prt"], "no tool is called `take_prt`; did you mean `take_part`?"),
            (&["bench", "take_prt"], "no tool is called `take_prt`; did you mean `take_part`?"),
            (&["show", "take_parts"], "no tool and no agent is called `take_parts`; did you mean `take_part`?"),
            (&["show", "spars"], "no tool and no agent is called `spars`; did you mean `spares`?"),
            (&["ask", "spars", "x"], "no agent is called `spars`; did you mean `spares`?"),
            (&["lint", "take_prt"], "no tool is called `take_prt`; did you mean `take_part`?"),
            (&["tasks", "list", "spars", "--id", "ada"], "no agent is called `spars`; did you mean `spares`?"),
            (&["tasks", "show", "spars", "t", "--id", "ada"], "no agent is called `spars`; did you mean `spares`?"),
            (&["tasks", "attach", "spars", "t", "--id", "ada"], "no agent is called `spars`; did you mean `spares`?"),
            (
                &["call", "stocktak"],
                "no tool is called `stocktak`; did you mean the skill `stocktake` of the agent `spares`?",
            ),
        ];
        for (line, expected) in cases {
            says(broker, line, expected).await;
        }
        agent.stop().await;
    }

    async fn a_name_that_is_like_no_other_is_told_with_where_names_are(broker) {
        let agent = spares(&broker.url()).await;
        let online = "those that are online";
        says(broker, &["call", "z9"], &format!("no tool is called `z9`; `mqtt-agent tools` lists {online}")).await;
        says(broker, &["ask", "z9", "x"], &format!("no agent is called `z9`; `mqtt-agent agents` lists {online}")).await;
        agent.stop().await;
    }

    async fn the_name_of_another_kind_is_told_with_the_command_for_it(broker) {
        let (spares, office) = (spares(&broker.url()).await, office(&broker.url()).await);
        let (station, _heard) = station(&broker.url()).await;
        let skill = "`stocktake` is a skill of the agent `spares`; write";
        let cases: [(&[&str], &str); 8] = [
            (&["call", "stocktake"], &format!("{skill} `mqtt-agent ask spares`")),
            (&["ask", "stocktake", "x"], &format!("{skill} `mqtt-agent ask spares`")),
            (&["show", "stocktake"], &format!("{skill} `mqtt-agent show spares`")),
            (&["call", "label"], "`label` is a skill of the agent `office`; write `mqtt-agent ask office --skill label`"),
            (&["call", "spares"], "`spares` is an agent and not a tool; `mqtt-agent ask spares --help` says how to give it a task"),
            (
                &["ask", "take_part", "x"],
                "`take_part` is a tool and not an agent; `mqtt-agent call take_part --help` says how to call it",
            ),
            (
                &["ask", "station", "x"],
                "`station` is a server of tools, which takes no tasks; call one of its tools: `broken`, `count`, `echo`, `hold`, \
                 `secret`, `weather`",
            ),
            (
                &["show", "station"],
                "`station` is a server of tools; look at one of its tools: `broken`, `count`, `echo`, `hold`, `secret`, `weather`",
            ),
        ];
        for (line, expected) in cases {
            says(broker, line, expected).await;
        }
        station.stop().await;
        office.stop().await;
        spares.stop().await;
    }
}
