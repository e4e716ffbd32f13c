//! A peer of another make in a process of its own, one line of JSON for each thing it is asked and says: the reference SDK
//! in Node.js, or strict v0.1 peers in Python.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::SOON;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(crate) struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts a script of the reference SDK, and waits until it is ready.
    pub(crate) async fn node(script: &str, url: &str, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
        assert!(
            folder.join("node_modules").exists(),
            "the reference SDK is not installed; run `npm install --prefix tests/node`, or leave out `--features peers`"
        );
        Self::start("node".as_ref(), &folder, [script, url, name]).await
    }

    /// Starts a strict v0.1 peer in Python, and waits until it is ready.
    pub(crate) async fn python(script: &str, url: &str, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
        let python = folder.join("venv/bin/python");
        assert!(
            python.exists(),
            "paho-mqtt is not installed; run `python3 -m venv tests/python/venv` and `tests/python/venv/bin/pip install -r \
             tests/python/requirements.txt`, or leave out `--features peers`"
        );
        Self::start(&python, &folder, [script, url, name]).await
    }

    async fn start(program: &Path, folder: &Path, arguments: [&str; 3]) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.kill_on_drop(true).spawn().expect("the peer runs; install Node.js and Python");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut peer = Self { child, input, output };
        assert_eq!(peer.next().await["ready"], true);
        peer
    }

    /// The next line it says.
    pub(crate) async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(SOON, self.output.next_line()).await.expect("in time").unwrap();
        serde_json::from_str(&line.expect("the peer runs")).expect("JSON")
    }

    /// Waits until it is connected again.
    pub(crate) async fn connected_again(&mut self) {
        while self.next().await["connected"] != true {}
    }

    /// Asks, and gives the answer. What broke the protocol for a strict peer fails the test.
    pub(crate) async fn ask(&mut self, request: Value) -> Value {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        loop {
            let answer = self.next().await;
            if answer.get("connected").is_none() {
                let violations = answer["violations"].as_array().map_or(&[][..], Vec::as_slice);
                assert!(violations.is_empty(), "{request}: {violations:#?}");
                return answer;
            }
        }
    }

    /// Lets it stop cleanly, and gives what it still said.
    pub(crate) async fn stop(mut self) -> Vec<Value> {
        drop(self.input.take());
        let mut rest = Vec::new();
        let ended = async {
            while let Ok(Some(line)) = self.output.next_line().await {
                rest.push(serde_json::from_str(&line).expect("JSON"));
            }
            self.child.wait().await
        };
        assert!(tokio::time::timeout(SOON, ended).await.expect("in time").unwrap().success());
        rest
    }
}
