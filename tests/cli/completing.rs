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
    use support::TestBroker;
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
        assert_eq!(complete("mqtt-agent call we", 2).await, "weather");
        assert_eq!(complete("mqtt-agent ask d", 2).await, "desk");
        assert_eq!(complete("mqtt-agent ping st", 2).await, "station");
        assert_eq!(complete("mqtt-agent tasks list d", 3).await, "desk");
        assert_eq!(complete("mqtt-agent tool", 1).await, "tools");
        assert!(!folder.path().join("hostile").exists());
        desk.stop().await;
        agent.stop().await;
    }

    /// Lines that are typed up to a Tab, and what the shell makes of them.
    #[cfg(feature = "peers")]
    const TYPED: [(&str, &str); 4] = [
        // The first one loads the script.
        ("mqtt-agent call we", "mqtt-agent call weather"),
        ("mqtt-agent ask d", "mqtt-agent ask desk"),
        ("mqtt-agent ping st", "mqtt-agent ping station"),
        ("mqtt-agent tool", "mqtt-agent tools"),
    ];

    #[cfg(feature = "peers")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn names_complete_in_zsh_from_the_first_tab() {
        let broker = TestBroker::embedded().await;
        let (agent, _heard) = station(&broker.url()).await;
        let desk = desk(&broker.url()).await;
        let folder = folder();
        // A shell in a terminal. Ctrl-A and a command in front print the line as it was completed.
        let mut script = r#"
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
        "#
        .to_owned();
        for (typed, _) in TYPED {
            script.push_str(&format!("completed '{typed}'\n"));
        }
        let printed = printed("zsh", &script, folder.path(), &broker).await;
        let expected: Vec<&str> = TYPED.iter().map(|(_, completed)| *completed).collect();
        assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
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
            let printed = printed("fish", &script, folder.path(), &broker).await;
            let words: Vec<&str> = printed.lines().filter_map(|line| line.split('\t').next()).collect();
            assert_eq!(words, [completed.rsplit(' ').next().unwrap()], "{typed}");
        }
        desk.stop().await;
        agent.stop().await;
    }
}
