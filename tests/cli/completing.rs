//! `completions`: what a shell completes.

use crate::command::run_alone;

#[tokio::test]
async fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let text = run_alone(&["completions", shell]).await;
        for command in ["dev", "tools", "agents", "servers", "show", "call", "ask", "watch", "publish", "why"]
        {
            assert!(text.done().contains(command), "{shell}: {command}");
        }
    }
}

#[cfg(unix)]
mod shells {
    use std::path::Path;

    use serde_json::json;
    use support::{TestBroker, eventually};
    use tempfile::TempDir;

    use crate::served::{desk, station};

    /// A folder with the command under its own name.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let command = crate::command::command(&[]);
        std::os::unix::fs::symlink(command.as_std().get_program(), folder.path().join("mqtt-agent")).unwrap();
        folder
    }

    /// What a shell prints for a script, in that folder.
    async fn printed(shell: &str, script: &str, folder: &Path, broker: &TestBroker) -> String {
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let mut shell = tokio::process::Command::new(shell);
        shell
            .args(["-c", script])
            .env("PATH", path)
            .env("HOME", folder)
            .env("TERM", "dumb")
            .env("MQTT_AGENT_URL", broker.url())
            .current_dir(folder);
        let output = support::soon(shell.output()).await.expect("the shell is installed");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Holds that a line completes. On a machine that is busy, names may come too late for a person.
    async fn completes<F: Future<Output = String>>(line: &str, expected: &str, complete: impl Fn() -> F) {
        eventually(&format!("`{line}` completes to `{expected}`"), || async {
            let completed = complete().await;
            (completed == expected).then_some(())
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn names_complete_from_the_broker_and_hostile_ones_are_left_out() {
        let broker = TestBroker::embedded().await;
        let (agent, _heard) = station(&broker.url()).await;
        let desk = desk(&broker.url()).await;
        let mut peer = support::RawPeer::connect(&broker.url(), "peer").await;
        let folder = folder();
        let hostile = "we$(touch hostile)";
        let card = json!({"version": "1", "tool": hostile, "server": "peer", "status": "online", "description": "x"});
        peer.retain(&format!("a2a/v1/mcp/tools/{hostile}/card"), card.to_string()).await;
        let complete = async |line: &str, word: usize| {
            let script = format!(
                "source <(mqtt-agent completions bash); COMP_WORDS=({line}); COMP_CWORD={word}; _mqtt_agent_names mqtt-agent \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
            );
            printed("bash", &script, folder.path(), &broker).await
        };
        for (line, word, expected) in [
            ("mqtt-agent call we", 2, "weather"),
            ("mqtt-agent ask d", 2, "desk"),
            ("mqtt-agent ping st", 2, "station"),
            ("mqtt-agent tasks list d", 3, "desk"),
            ("mqtt-agent tool", 1, "tools"),
        ] {
            completes(line, expected, || complete(line, word)).await;
        }
        assert!(!folder.path().join("hostile").exists());
        desk.stop().await;
        agent.stop().await;
    }

    /// Lines that are typed up to a Tab, and what the shell makes of them.
    #[cfg(feature = "peers")]
    const TYPED: [(&str, &str); 4] = [
        ("mqtt-agent call we", "mqtt-agent call weather"),
        ("mqtt-agent ask d", "mqtt-agent ask desk"),
        ("mqtt-agent ping st", "mqtt-agent ping station"),
        ("mqtt-agent tool", "mqtt-agent tools"),
    ];

    /// A shell in a terminal, whose first Tab loads the script. Ctrl-A and a command in front print the line as it was
    /// completed.
    #[cfg(feature = "peers")]
    const SHELL: &str = r#"
            mqtt-agent completions zsh > _mqtt-agent
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell "PS1=''; fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -D; print -r -- REA''DY"
            zpty -r shell text '*READY*'
            completed() {
                zpty -w -n shell "$1"$'\t\x01print -r -- GO""T: \n'
                zpty -r shell text $'*GOT:*\n'
                print -r -- ${${${text##*GOT: }%%$'\r'*}% }
            }
        "#;

    #[cfg(feature = "peers")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn names_complete_in_zsh_from_the_first_tab() {
        let broker = TestBroker::embedded().await;
        let (agent, _heard) = station(&broker.url()).await;
        let desk = desk(&broker.url()).await;
        let folder = folder();
        for (typed, completed) in TYPED {
            // Each attempt has a shell of its own, so that each Tab is a first one.
            let script = format!("{SHELL}\ncompleted '{typed}'\n");
            completes(typed, completed, || printed("zsh", &script, folder.path(), &broker)).await;
        }
        // A later Tab of the same shell.
        let script = format!("{SHELL}\ncompleted 'mqtt-agent tool'\ncompleted 'mqtt-agent call we'\n");
        let expected = "mqtt-agent tools\nmqtt-agent call weather";
        completes("a second Tab", expected, || async {
            printed("zsh", &script, folder.path(), &broker).await.replace("\r", "")
        })
        .await;
        desk.stop().await;
        agent.stop().await;
    }

    #[cfg(feature = "peers")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn names_complete_in_fish() {
        let broker = TestBroker::embedded().await;
        let (agent, _heard) = station(&broker.url()).await;
        let desk = desk(&broker.url()).await;
        let folder = folder();
        for (typed, completed) in TYPED {
            let script = format!("mqtt-agent completions fish | source; complete -C '{typed}'");
            let word = completed.rsplit(' ').next().unwrap();
            completes(typed, word, || async {
                let printed = printed("fish", &script, folder.path(), &broker).await;
                let words: Vec<&str> = printed.lines().filter_map(|line| line.split('\t').next()).collect();
                words.join(" ")
            })
            .await;
        }
        desk.stop().await;
        agent.stop().await;
    }
}
