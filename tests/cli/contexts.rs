//! `context`: named brokers, and which one counts.

use std::path::Path;

use serde_json::{Value, json};
use support::TestBroker;

use crate::command::{Ended, Running, command, run_ready};
use crate::served::station;

/// Runs the command with the contexts of a folder, and variables.
async fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = command(arguments);
    command.env("XDG_CONFIG_HOME", folder).envs(variables.iter().copied());
    run_ready(command).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_is_added_used_shown_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let add = ["context", "add", "home", "--url", "mqtt://127.0.0.1:1", "--id", "ada", "--json"];
    let expected = json!({"context": "home", "current": false, "url": "mqtt://127.0.0.1:1", "id": "ada"});
    assert_eq!(run(folder, &add, &[]).await.values(), std::slice::from_ref(&expected));
    run(folder, &["context", "use", "home"], &[]).await.done();
    let mut used = expected;
    used["current"] = json!(true);
    for line in [&["context", "list", "--json"][..], &["context", "show", "home", "--json"]] {
        assert_eq!(run(folder, line, &[]).await.values(), std::slice::from_ref(&used));
    }
    run(folder, &["context", "remove", "home"], &[]).await.done();
    assert_eq!(run(folder, &["context", "list", "--json"], &[]).await.values(), Vec::<Value>::new());
    assert_eq!(run(folder, &["context", "use", "home", "--json"], &[]).await.error(2)["type"], "usage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_that_of_the_url_the_context_the_environment_or_the_context_in_use_in_this_order() {
    let broker = TestBroker::embedded().await;
    let (url, nowhere) = (broker.url(), "mqtt://127.0.0.1:1");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["context", "add", "here", "--url", &url], &[]).await.done();
    run(folder, &["context", "add", "gone", "--url", nowhere], &[]).await.done();
    run(folder, &["context", "use", "gone"], &[]).await.done();
    let code = async |arguments: &[&str], variables: &[(&str, &str)]| {
        run(folder, &[&["tools", "--json"], arguments].concat(), variables).await.code
    };
    assert_eq!(code(&[], &[]).await, Some(6), "the context in use");
    assert_eq!(code(&[], &[("MQTT_AGENT_URL", &url)]).await, Some(0), "the environment before it");
    assert_eq!(code(&["--context", "here"], &[("MQTT_AGENT_URL", nowhere)]).await, Some(0));
    assert_eq!(code(&[], &[("MQTT_AGENT_CONTEXT", "here")]).await, Some(0));
    assert_eq!(
        code(&["--context", "gone", "--url", &url], &[]).await,
        Some(0),
        "`--url` is always the broker"
    );
    assert_eq!(code(&["--context", "other"], &[]).await, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_keeps_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = "mqtt://ada:secret@broker.example";
    let refused = run(folder, &["context", "add", "home", "--url", url, "--json"], &[]).await;
    assert!(!refused.error(2).to_string().contains("secret"), "{refused:?}");
    assert_eq!(
        run(folder, &["context", "add", "x", "--url", "mqtt://x", "--password-env", "P"], &[]).await.code,
        Some(2)
    );
    let add =
        ["context", "add", "home", "--url", "mqtt://127.0.0.1:1", "--username", "ada", "--password-env", "P"];
    run(folder, &add, &[("P", "secret")]).await.done();
    let text = std::fs::read_to_string(folder.join("mqtt-agent/contexts.json")).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let unset = run(folder, &["tools", "--context", "home", "--json"], &[]).await;
    assert!(unset.error(2)["message"].as_str().unwrap().contains("`P`, which is not set"), "{unset:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_without_a_name_or_a_brokers_url_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for url in ["foo", "", "http://x", "mqtt://", "mqtt://:1883", "localhost:1883"] {
        assert_eq!(run(folder, &["context", "add", "bad", "--url", url], &[]).await.code, Some(2), "`{url}`");
    }
    assert_eq!(run(folder, &["context", "add", "", "--url", "mqtt://x"], &[]).await.code, Some(2));
    assert_eq!(run(folder, &["context", "list", "--json"], &[]).await.values(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completing_names_leaves_the_connection_of_the_contexts_id_alone() {
    let broker = TestBroker::embedded().await;
    let (agent, _heard) = station(&broker.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    run(folder, &["context", "add", "home", "--url", &broker.url(), "--id", "ada"], &[]).await.done();
    let mut watching = command(&["watch", "--json", "--only", "calls", "--context", "home"]);
    watching.env("XDG_CONFIG_HOME", folder);
    let mut watch = Running::of(watching);
    assert_eq!(watch.next().await["event"], "watching");
    // On a machine that is busy, names may come too late for a person.
    support::eventually("names", || async {
        let names = run(folder, &["names", "tools", "--context", "home"], &[]).await;
        names.stdout.contains("weather").then_some(())
    })
    .await;
    run(folder, &["call", "echo", "--arg-url", "x", "--url", &broker.url()], &[]).await.done();
    assert_eq!(watch.next().await["event"], "called", "nothing happened before");
    assert_eq!(watch.interrupt().await, Some(0));
    agent.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contexts_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["context", "add", "home", "--url", "mqtt://x"], &[]).await.done();
    let file = folder.path().join("mqtt-agent/contexts.json");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(feature = "peers")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_comes_from_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    let made = std::process::Command::new("mosquitto_passwd")
        .args(["-c", "-b"])
        .arg(&users)
        .args(["ada", "secret"])
        .status();
    assert!(made.expect("mosquitto_passwd comes with mosquitto").success());
    let users = std::fs::read_to_string(users).unwrap();
    let lines = "allow_anonymous false\npassword_file {dir}/users";
    let broker = TestBroker::configured_with(lines, &[("users", &users)]).await;
    let password = folder.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let (folder, url) = (folder.path(), broker.url());
    let add = [
        "context",
        "add",
        "file",
        "--url",
        &url,
        "--username",
        "ada",
        "--password-file",
        password.to_str().unwrap(),
    ];
    run(folder, &add, &[]).await.done();
    run(folder, &["context", "add", "env", "--url", &url, "--username", "ada", "--password-env", "P"], &[])
        .await
        .done();
    assert_eq!(run(folder, &["tools", "--context", "file", "--json"], &[]).await.code, Some(0));
    assert_eq!(run(folder, &["tools", "--context", "env", "--json"], &[("P", "secret")]).await.code, Some(0));
    assert_eq!(run(folder, &["tools", "--context", "env", "--json"], &[("P", "wrong")]).await.code, Some(4));
    // What a context says is for its own broker.
    run(folder, &["context", "use", "file"], &[]).await.done();
    assert_eq!(run(folder, &["tools", "--url", &url, "--json"], &[]).await.code, Some(4));
}
