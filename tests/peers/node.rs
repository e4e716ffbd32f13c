//! A Node.js process that speaks the reference SDK, one line of JSON for each thing it is asked and says.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use support::SOON;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(crate) struct Node {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// Starts `script` and waits until it is ready.
    pub(crate) async fn start(script: &str, url: &str, name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
        assert!(
            folder.join("node_modules").exists(),
            "the reference SDK is not installed; run `npm install --prefix tests/node`, or leave out `--features peers`"
        );
        let mut command = Command::new("node");
        command.current_dir(folder).args([script, url, name]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("node runs; install Node.js");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut node = Self { child, input, output };
        assert_eq!(node.next().await["ready"], true);
        node
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

    /// Asks, and gives the answer.
    pub(crate) async fn ask(&mut self, request: Value) -> Value {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        loop {
            let answer = self.next().await;
            if answer.get("connected").is_none() {
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
