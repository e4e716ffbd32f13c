//! The audit log: a line for each call, whatever becomes of the call and of the log's writer.

use std::future::pending;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use mqtt_agent::Retry;
use mqtt_agent::layer::{self, AuditLog, Next, Request};
use mqtt_agent::prelude::*;
use serde_json::{Value, json};
use support::{RawPeer, eventually, on_each_broker, reply_to, soon};

use crate::layers::code;
use crate::tools::*;

/// A writer that tests read, and may hold up.
#[derive(Clone, Default)]
struct Paper {
    written: Arc<Mutex<Vec<u8>>>,
    held: Arc<Mutex<()>>,
    fails: Arc<std::sync::atomic::AtomicBool>,
}

impl Paper {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.written.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(self.held.lock().unwrap());
        if self.fails.swap(false, std::sync::atomic::Ordering::SeqCst) {
            return Err(io::Error::other("no ink"));
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

on_each_broker! {
    async fn an_audit_log_has_a_line_for_each_call_and_a_clean_stop_writes_them_all(broker) {
        let paper = Paper::default();
        let agent = Agent::new("one").tools(tools![add, fail, too_slow]).state(Watch::default());
        let agent = agent.layer(AuditLog::new(paper.clone()).unwrap()).start(&broker.url()).await.unwrap();
        let client = agent.client();
        client.call("add", json!({"a": 1, "b": 1})).await.unwrap();
        client.call("fail", ()).await.unwrap_err();
        client.call("add", ()).await.unwrap_err();
        client.call("too_slow", ()).await.unwrap_err();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        let call = json!({"call_id": "c\"1", "client": "other", "arguments": {"a": 1, "b": 1}});
        peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), reply_to(responses, b"c1")).await;
        peer.next(responses).await;
        agent.stop().await;
        let lines = paper.lines();
        let told: Vec<_> = lines.iter().map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {} {} {}", text("name"), text("client"), text("caller"), text("outcome"), text("code"))
        }).collect();
        assert_eq!(told, [
            "add one - ok -",
            "fail one - tool_error always",
            "add one - invalid_arguments -",
            "too_slow one - timeout -",
            "add peer other ok -",
        ]);
        assert_eq!((&lines[4]["agent"], &lines[4]["kind"], &lines[4]["call_id"]), (&json!("one"), &json!("tool"), &json!("c\"1")));
        assert!(lines[3]["elapsed_ms"].as_u64().unwrap() >= 100);
        assert!(lines.iter().all(|line| line["time"].as_str().unwrap().ends_with('Z')));
    }

    async fn an_audit_log_whose_writer_hangs_holds_up_no_call_and_tells_what_it_lost(broker) {
        let paper = Paper::default();
        let agent = Agent::new("one").tools(tools![add]);
        let log = Arc::new(AuditLog::with_queue(paper.clone(), 2).unwrap());
        let agent = agent.layer(Arc::clone(&log)).start(&broker.url()).await.unwrap();
        {
            let held = paper.held.clone();
            let (hold, mut let_go) = (std::sync::mpsc::channel::<()>(), tokio::task::JoinSet::new());
            let (began, begun) = tokio::sync::oneshot::channel();
            let_go.spawn_blocking(move || {
                let _held = held.lock().unwrap();
                began.send(()).unwrap();
                hold.1.recv().unwrap();
            });
            begun.await.unwrap();
            // One line is being written, two wait, and seven are lost.
            for _ in 0..10 {
                agent.client().call("add", json!({"a": 1, "b": 1})).await.unwrap();
            }
            hold.0.send(()).unwrap();
            let_go.join_next().await;
        }
        soon(log.flush()).await;
        let lines = paper.lines();
        let lost: u64 = lines.iter().filter_map(|line| line["lost"].as_u64()).sum();
        let written = lines.iter().filter(|line| line["name"] == "add").count() as u64;
        assert!(lost > 0 && lost + written == 10, "{lines:?}");
        agent.stop().await;
    }

    async fn an_audit_log_that_is_full_refuses_calls_where_it_is_told_to(broker) {
        let (paper, watch) = (Paper::default(), Watch::default());
        let log = AuditLog::with_queue(paper.clone(), 1).unwrap().refuse_when_full();
        let agent = Agent::new("one").tools(tools![hold, add]).state(watch.clone()).layer(log);
        let agent = agent.start(&broker.url()).await.unwrap();
        // Its place is kept while it runs.
        let held = tokio::spawn(agent.client().call("hold", ()).into_future());
        watch.until_began(1).await;
        assert_eq!(code(agent.client().call("add", json!({"a": 1, "b": 1}))).await.as_deref(), Some("audit_full"));
        watch.0.go_on.notify_one();
        soon(held).await.unwrap().unwrap();
        agent.client().call("add", json!({"a": 1, "b": 1})).retry(Retry::new()).await.unwrap();
        agent.stop().await;
        assert_eq!(paper.lines().len(), 2);
    }

    async fn an_audit_log_goes_on_after_a_write_that_failed(broker) {
        let paper = Paper::default();
        let log = Arc::new(AuditLog::new(paper.clone()).unwrap());
        let agent = Agent::new("one").tools(tools![add]).layer(Arc::clone(&log)).start(&broker.url()).await.unwrap();
        paper.fails.store(true, std::sync::atomic::Ordering::SeqCst);
        for _ in 0..2 {
            agent.client().call("add", json!({"a": 1, "b": 1})).await.unwrap();
            soon(log.flush()).await;
        }
        agent.stop().await;
        let text = String::from_utf8(paper.written.lock().unwrap().clone()).unwrap();
        let lines: Vec<Value> = text.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[0]["lost"], &lines[1]["name"]), (2, &json!(1), &json!("add")));
    }

    async fn an_abandoned_call_is_in_the_audit_log(broker) {
        let (paper, watch) = (Paper::default(), Watch::default());
        let log = Arc::new(AuditLog::new(paper.clone()).unwrap());
        let waiting = layer::from_fn(move |request: Request, next: Next| async move {
            let _next = next;
            let watch = request.context().state::<Watch>().cloned().unwrap();
            let _inside = watch.enter(request.context());
            pending().await
        });
        let agent = Agent::new("one").tools(tools![add]).state(watch.clone()).layer(Arc::clone(&log)).layer(waiting);
        let agent = agent.start(&broker.url()).await.unwrap();
        let call = tokio::spawn(agent.client().call("add", json!({"a": 1, "b": 1})).into_future());
        watch.until_began(1).await;
        call.abort();
        watch.until_ended(1).await;
        eventually("it is written", || async {
            log.flush().await;
            (paper.lines().first()?["outcome"] == "abandoned").then_some(())
        }).await;
        agent.stop().await;
    }
}
