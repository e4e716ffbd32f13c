//! What stands around handlers: in which order, what it can do, until when, and the layers that come along.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_agent::a2a::{DelegateError, NewTask};
use mqtt_agent::layer::{
    self, ConcurrencyByKey, Kind, Layer, Next, Outcome, Output, RateLimit, Refusal, Request,
};
use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Limits, Retry, Task};
use serde_json::{Value, json};
use support::{RawPeer, json as body, on_each_broker, reply_to, soon};
use tokio::sync::mpsc;
use tower::buffer::BufferLayer;
use tower::limit::RateLimitLayer;
use tower::timeout::TimeoutLayer;

use crate::tools::*;

/// What layers and handlers say, in their order.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn say(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Says when a call passes, and what comes back.
#[derive(Clone)]
struct Passing(&'static str, Said);

impl Layer for Passing {
    async fn call(&self, request: Request, next: Next) -> Outcome {
        let Self(name, said) = self;
        said.say(format!("{name} {} {}", request.kind().as_str(), request.name()));
        let outcome = next.run(request).await;
        said.say(match &outcome {
            Ok(output) => format!("{name} ok {}", output.json()),
            Err(refusal) => format!("{name} {} {:?}", refusal.kind().as_str(), refusal.code()),
        });
        outcome
    }

    fn name(&self) -> &str {
        self.0
    }
}

/// A layer of an attribute that says what passes.
fn own(name: &'static str) -> impl Layer {
    layer::from_fn(move |request: Request, next| async move {
        if let Some(said) = request.context().state::<Said>().cloned() {
            said.say(format!("{name} {}", request.name()));
        }
        next.run(request).await
    })
    .named(name)
}

/// A number, with layers of its own.
#[tool(layer(own("first"), own("second")))]
async fn layered(number: u32, State(said): State<Said>) -> u32 {
    said.say("handler");
    number
}

/// Repeats a text.
#[skill(layer = own("of the skill"))]
async fn repeated(task: Task, State(said): State<Said>) -> String {
    said.say("handler");
    task.text()
}

#[request("layered/{room}/get", layer = own("of the request"))]
async fn get_layered(room: &str, State(said): State<Said>) -> String {
    said.say("handler");
    room.to_owned()
}

/// What the methods share.
struct Shelf;

#[agent]
impl Shelf {
    /// How many books there are.
    #[tool(layer = ConcurrencyByKey::by_client(1))]
    fn books(&self) -> u32 {
        7
    }

    /// Brings a book.
    #[skill(layer = own("method"))]
    async fn bring(&self, task: Task) -> String {
        task.text()
    }
}

pub(crate) async fn code(call: impl IntoFuture<Output = Result<Value, CallError>>) -> Option<String> {
    let error = soon(call.into_future()).await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { .. }), "{error:?}");
    error.code().map(str::to_owned)
}

on_each_broker! {
    async fn layers_see_each_call_from_the_outermost_to_the_handler_and_back(broker) {
        let said = Said::default();
        let agent = Agent::new("one").tools(tools![layered]).state(said.clone());
        let agent = agent.layer(Passing("outer", said.clone())).layer(Passing("inner", said.clone()));
        let agent = agent.start(&broker.url()).await.unwrap();
        assert_eq!(agent.client().call("layered", json!({"number": 3})).await.unwrap(), 3);
        let way = ["outer tool layered", "inner tool layered", "first layered", "second layered", "handler", "inner ok 3", "outer ok 3"];
        assert_eq!(said.take(), way);
        agent.stop().await;
    }

    async fn layers_stand_around_skills_and_requests_as_well(broker) {
        let said = Said::default();
        let agent = Agent::new("one").skills(skills![repeated]).handlers(handlers![get_layered]);
        let agent = agent.state(said.clone()).layer(Passing("all", said.clone())).start(&broker.url()).await.unwrap();
        let task = NewTask::skill("repeated").text("hello");
        assert_eq!(soon(agent.client().request("one", task).into_future()).await.unwrap(), "hello");
        assert_eq!(said.take(), ["all skill repeated", "of the skill repeated", "handler", "all ok \"hello\""]);
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        peer.publish("layered/hall/get", "", reply_to(responses, b"1")).await;
        assert_eq!(body(&peer.next(responses).await), "hall");
        assert_eq!(said.take(), ["all request get_layered", "of the request get_layered", "handler", "all ok \"hall\""]);
        agent.stop().await;
    }

    async fn methods_have_layers_too(broker) {
        let agent = Agent::of(Shelf).start(&broker.url()).await.unwrap();
        assert_eq!(agent.client().call("books", ()).await.unwrap(), 7);
        let task = NewTask::skill("bring").text("Faust");
        assert_eq!(soon(agent.client().request("shelf", task).into_future()).await.unwrap(), "Faust");
        agent.stop().await;
    }

    async fn mcp_7_a_layer_refuses_with_any_kind_of_error(broker) {
        let refusing = layer::check(|request: &Request| {
            Err(match request.arguments().get("text").and_then(Value::as_str) {
                Some("unauthorized") => Refusal::unauthorized("not you").with_code("stranger"),
                Some("arguments") => Refusal::invalid_arguments("not that"),
                Some("later") => Refusal::unavailable("not now").with_retry_after(Duration::from_millis(1500)),
                Some("timeout") => Refusal::timeout("too slow"),
                Some("typed") => Failing.into(),
                _ => Box::<dyn std::error::Error + Send + Sync>::from("secret").into(),
            })
        });
        let agent = Agent::new("one").tools(tools![measure]).layer(refusing).start(&broker.url()).await.unwrap();
        let client = agent.client();
        let error = async |text: &str| client.call("measure", json!({"text": text})).await.unwrap_err();
        assert!(matches!(error("unauthorized").await, CallError::Unauthorized { message } if message == "not you"));
        assert!(matches!(error("arguments").await, CallError::InvalidArguments { message } if message == "not that"));
        assert!(matches!(error("timeout").await, CallError::TimedOutByServer { .. }));
        let later = error("later").await;
        assert_eq!((later.code(), later.retry_after()), (None, Some(Duration::from_millis(1500))));
        assert_eq!(error("typed").await.code(), Some("always"));
        let hidden = error("else").await;
        assert_eq!(hidden.code(), Some("internal"));
        assert!(hidden.to_string().contains("(ref ") && !hidden.to_string().contains("secret"), "{hidden}");
        agent.stop().await;
    }

    async fn a_refused_task_fails_with_the_same_words(broker) {
        let refusing = layer::check(|request: &Request| match request.kind() {
            Kind::Skill => Err(Refusal::unauthorized("not you").with_code("stranger")),
            _ => Ok(()),
        });
        let agent = Agent::new("one").skills(skills![repeated]).state(Said::default()).layer(refusing);
        let agent = agent.start(&broker.url()).await.unwrap();
        let task = NewTask::skill("repeated").text("hello");
        let error = soon(agent.client().request("one", task).into_future()).await.unwrap_err();
        let DelegateError::Failed(error) = error else { panic!("{error:?}") };
        assert_eq!((&*error.kind, &*error.message, error.code.as_deref()), ("unauthorized", "not you", Some("stranger")));
        agent.stop().await;
    }

    async fn mcp_8_what_a_layer_changes_is_checked_and_it_sees_what_is_refused_afterwards(broker) {
        let said = Said::default();
        let changing = layer::from_fn(|mut request: Request, next| async move {
            if request.arguments().get("stars") == Some(&json!(9)) {
                request.arguments_mut().insert("stars".to_owned(), json!(5));
            }
            match next.run(request).await? {
                output if output.read::<String>().is_ok_and(|text| text.starts_with('4')) => Output::new("four"),
                output => Ok(output),
            }
        });
        let agent = Agent::new("one").tools(tools![narrow, secret]).layer(Passing("audit", said.clone())).layer(changing);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = agent.client();
        let call = async |stars: u32| client.call("narrow", json!({"stars": stars, "name": "ab"})).await;
        assert_eq!(call(9).await.unwrap(), "5 ab None 7 None");
        assert_eq!(call(4).await.unwrap(), "four");
        said.take();
        assert!(matches!(call(8).await, Err(CallError::InvalidArguments { .. })));
        assert!(matches!(client.call("secret", ()).await, Err(CallError::Unauthorized { .. })));
        let seen = said.take();
        assert_eq!((&*seen[1], &*seen[3]), ("audit invalid_arguments None", "audit unauthorized None"));
        agent.stop().await;
    }

    async fn a_layer_that_panics_is_that_calls_error(broker) {
        let panicking = layer::from_fn(|request: Request, next| async move {
            if request.arguments().get("a") == Some(&json!(1)) {
                panic!("before");
            }
            let outcome = next.run(request).await;
            assert!(outcome.is_err(), "after");
            outcome
        });
        let agent = Agent::new("one").tools(tools![add]).layer(panicking.named("panicking"));
        assert!(format!("{agent:?}").contains("panicking"), "{agent:?}");
        let agent = agent.start(&broker.url()).await.unwrap();
        for a in [1, 2] {
            let error = agent.client().call("add", json!({"a": a, "b": 1})).await.unwrap_err();
            assert_eq!(error.code(), Some("panic"), "{error:?}");
        }
        assert!(matches!(agent.client().call("add", json!({"a": 3})).await, Err(CallError::InvalidArguments { .. })));
        agent.stop().await;
    }

    async fn mcp_15_a_layer_that_does_not_decide_ends_with_its_caller(broker) {
        let (sender, mut dropped) = mpsc::channel(4);
        let waiting = layer::from_fn(move |_, next: Next| {
            let sender = sender.clone();
            async move {
                let _told = Told(sender);
                let _next = next;
                pending().await
            }
        });
        let agent = Agent::new("one").tools(tools![add]).layer(waiting).start(&broker.url()).await.unwrap();
        let call = || agent.client().call("add", json!({"a": 1, "b": 1})).timeout(Duration::from_millis(300));
        let error = call().await.unwrap_err();
        assert!(matches!(error, CallError::Timeout { .. } | CallError::TimedOutByServer { .. }), "{error:?}");
        soon(dropped.recv()).await.unwrap();
        // MCP-17: one whose caller has gone is dropped as well.
        let mut given_up = Box::pin(agent.client().call("add", json!({"a": 1, "b": 1})).into_future());
        let _ = tokio::time::timeout(Duration::from_millis(100), &mut given_up).await;
        drop(given_up);
        soon(dropped.recv()).await.unwrap();
        agent.stop().await;
    }

    async fn a_layer_that_waits_holds_no_place_of_the_handlers(broker) {
        let (go_on, _) = tokio::sync::watch::channel(false);
        let waits = go_on.clone();
        let waiting = layer::from_fn(move |request: Request, next| {
            let mut waits = waits.subscribe();
            async move {
                if request.name() == "hold" {
                    waits.wait_for(|go_on| *go_on).await.map_err(|_| "the test has ended")?;
                }
                next.run(request).await
            }
        });
        let watch = Watch::default();
        let agent = Agent::new("one").tools(tools![hold, add]).state(watch.clone()).layer(waiting);
        let agent = agent.limits(Limits::default().with_concurrency(1).with_queue(0)).start(&broker.url()).await.unwrap();
        let held = tokio::spawn(agent.client().call("hold", ()).into_future());
        assert_eq!(agent.client().call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        assert_eq!(watch.began(), 0);
        go_on.send_replace(true);
        watch.until_began(1).await;
        watch.0.go_on.notify_one();
        soon(held).await.unwrap().unwrap();
        agent.stop().await;
    }

    async fn a_layer_that_gives_up_drops_the_handler(broker) {
        let quick = layer::from_fn(|request, next: Next| async move {
            let outcome = tokio::time::timeout(Duration::from_millis(50), next.run(request)).await;
            outcome.unwrap_or_else(|_| Err(Refusal::timeout("not quick enough")))
        });
        let watch = Watch::default();
        let agent = Agent::new("one").tools(tools![hold]).state(watch.clone()).layer(quick).start(&broker.url()).await.unwrap();
        let error = agent.client().call("hold", ()).await.unwrap_err();
        assert!(matches!(error, CallError::TimedOutByServer { message } if message == "not quick enough"));
        watch.until_ended(1).await;
        agent.stop().await;
    }

    async fn a_layer_that_gives_up_ends_what_the_handler_left_running(broker) {
        type Told = mpsc::UnboundedSender<()>;
        /// Waits for nothing, and so does a task of its own until the call ends.
        #[tool]
        async fn outlast(State(told): State<Told>, cx: &Context) {
            let (told, own) = (told.clone(), cx.clone());
            tokio::spawn(async move {
                own.cancelled().await;
                told.send(())
            });
            pending::<()>().await;
        }
        let quick = layer::from_fn(|request, next: Next| async move {
            let outcome = tokio::time::timeout(Duration::from_millis(50), next.run(request)).await;
            outcome.unwrap_or_else(|_| Err(Refusal::timeout("not quick enough")))
        });
        let (told, mut ended) = mpsc::unbounded_channel::<()>();
        let agent = Agent::new("one").tools(tools![outlast]).state(told).layer(quick).start(&broker.url()).await.unwrap();
        agent.client().call("outlast", ()).await.unwrap_err();
        soon(ended.recv()).await.unwrap();
        agent.stop().await;
    }

    async fn what_a_layer_leaves_the_handler_finds(broker) {
        /// Says who the tenant is.
        #[tool]
        fn tenant(cx: &Context) -> Option<String> {
            cx.extension::<String>().cloned()
        }
        let leaving = layer::from_fn(|mut request: Request, next| async move {
            request.insert(format!("{}'s", request.client()));
            next.run(request).await
        });
        let agent = Agent::new("one").tools(tools![tenant]).layer(leaving).start(&broker.url()).await.unwrap();
        assert_eq!(agent.client().call("tenant", ()).await.unwrap(), "one's");
        agent.stop().await;
    }

    async fn mcp_16_a_call_that_comes_twice_passes_the_layers_once(broker) {
        let said = Said::default();
        let agent = Agent::new("one").tools(tools![add]).layer(Passing("all", said.clone())).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        for _ in 0..2 {
            let call = json!({"call_id": "c1", "client": "peer", "arguments": {"a": 1, "b": 1}});
            peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), reply_to(responses, b"c1")).await;
            assert_eq!(body(&peer.next(responses).await)["status"], "ok");
        }
        assert_eq!(said.take().len(), 2);
        agent.stop().await;
    }

    async fn a_rate_limit_counts_each_caller_and_tool_by_where_answers_go(broker) {
        let limit = RateLimit::new(2, Duration::from_secs(3600));
        let agent = Agent::new("one").tools(tools![add, measure]).layer(limit).start(&broker.url()).await.unwrap();
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        let responses = "a2a/v1/mcp/clients/peer/responses";
        peer.subscribe(responses).await;
        // SUB-7: another claim with each call changes nothing.
        let mut answers = Vec::new();
        for claim in ["peer", "somebody", "else"] {
            let call = json!({"call_id": claim, "client": claim, "arguments": {"a": 1, "b": 1}});
            peer.publish("a2a/v1/mcp/tools/add/call", call.to_string(), reply_to(responses, claim.as_bytes())).await;
            answers.push(body(&peer.next(responses).await));
        }
        assert_eq!((&answers[0]["status"], &answers[1]["status"]), (&json!("ok"), &json!("ok")));
        let error = &answers[2]["error"];
        assert_eq!((&error["type"], &error["code"]), (&json!("unavailable"), &json!("rate_limited")));
        let wait = error["retry_after_ms"].as_u64().unwrap();
        assert!(wait > 1_000_000 && wait <= 1_800_001, "{wait}");
        let client = agent.client();
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0, "another caller");
        for _ in 0..2 {
            client.call("measure", json!({"text": "x"})).await.unwrap();
        }
        assert_eq!(code(client.call("measure", json!({"text": "x"}))).await.as_deref(), Some("rate_limited"));
        agent.stop().await;
    }

    async fn a_caller_that_retries_waits_as_long_as_a_rate_limit_says(broker) {
        let limit = RateLimit::new(1, Duration::from_millis(400));
        let agent = Agent::new("one").tools(tools![add]).layer(limit).start(&broker.url()).await.unwrap();
        let call = || agent.client().call("add", json!({"a": 1, "b": 1})).retry(Retry::new());
        let began = Instant::now();
        for _ in 0..2 {
            call().await.unwrap();
        }
        assert!(began.elapsed() >= Duration::from_millis(390), "{:?}", began.elapsed());
        agent.stop().await;
    }

    async fn concurrency_by_key_lets_so_many_calls_of_one_key_run(broker) {
        /// Waits until it is let go.
        #[tool]
        async fn held_by(key: String, State(watch): State<Watch>, cx: &Context) -> String {
            let _inside = watch.enter(cx);
            watch.0.go_on.notified().await;
            key
        }
        let watch = Watch::default();
        let agent = Agent::new("one").tools(tools![held_by]).state(watch.clone());
        let agent = agent.layer(ConcurrencyByKey::by_argument(1, "key").queue(1)).start(&broker.url()).await.unwrap();
        let call = |key: &str| agent.client().call("held_by", json!({"key": key}));
        let mut calls = tokio::task::JoinSet::new();
        calls.spawn(call("a").into_future());
        watch.until_began(1).await;
        calls.spawn(call("b").into_future());
        watch.until_began(2).await;
        // Of two more of `a`, one waits and one is refused at once, whichever comes first.
        for _ in 0..2 {
            calls.spawn(call("a").into_future());
        }
        let busy = soon(calls.join_next()).await.unwrap().unwrap().unwrap_err();
        assert_eq!(busy.code(), Some("busy"), "{busy:?}");
        assert_eq!(watch.began(), 2);
        for began in [3, 3, 3] {
            watch.0.go_on.notify_one();
            soon(calls.join_next()).await.unwrap().unwrap().unwrap();
            watch.until_began(began).await;
        }
        agent.stop().await;
    }

    async fn mcp_8_one_number_is_one_key_however_it_is_written(broker) {
        /// Waits until it is let go.
        #[tool(layer = ConcurrencyByKey::by_argument(1, "valve").queue(0))]
        async fn turn_valve(valve: u32, State(watch): State<Watch>, cx: &Context) -> u32 {
            let _inside = watch.enter(cx);
            watch.0.go_on.notified().await;
            valve
        }
        let watch = Watch::default();
        let agent = Agent::new("one").tools(tools![turn_valve]).state(watch.clone());
        let agent = agent.start(&broker.url()).await.unwrap();
        let call = |valve: Value| agent.client().call("turn_valve", json!({"valve": valve}));
        let first = tokio::spawn(call(json!(7)).into_future());
        watch.until_began(1).await;
        let error = soon(call(json!(7.0)).into_future()).await.unwrap_err();
        assert_eq!(error.code(), Some("busy"), "{error:?}");
        watch.0.go_on.notify_one();
        assert_eq!(soon(first).await.unwrap().unwrap(), 7);
        agent.stop().await;
    }

    async fn a_call_in_a_call_of_the_same_key_is_busy_at_once(broker) {
        /// Calls itself.
        #[tool(layer = ConcurrencyByKey::by_client(1))]
        async fn calls_itself(deeper: bool, cx: &Context) -> Result<String, String> {
            if !deeper {
                return Ok("no deeper".to_owned());
            }
            let call = cx.client().call("calls_itself", json!({"deeper": false})).returning::<String>();
            call.await.map_err(|error| error.code().unwrap_or("none").to_owned())
        }
        let agent = Agent::new("one").tools(tools![calls_itself]).start(&broker.url()).await.unwrap();
        let error = soon(agent.client().call("calls_itself", json!({"deeper": true})).into_future()).await.unwrap_err();
        assert!(error.to_string().contains("busy"), "{error}");
        agent.stop().await;
    }

    async fn layers_of_tower_stand_around_handlers(broker) {
        let watch = Watch::default();
        let timeout = layer::from_tower(TimeoutLayer::new(Duration::from_millis(100)));
        let timeout = timeout.refuse(|error| Refusal::timeout(error.to_string()).with_code("tower"));
        // One that cannot be cloned, behind a buffer whose worker is a task of its own.
        let limit = tower::layer::util::Stack::new(RateLimitLayer::new(1000, Duration::from_secs(1)), BufferLayer::new(8));
        let agent = Agent::new("one").tools(tools![hold, add, fail]).state(watch.clone());
        let agent = agent.layer(timeout).layer(layer::from_tower(limit)).start(&broker.url()).await.unwrap();
        let client = agent.client();
        assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await.unwrap()["sum"], 2.0);
        assert_eq!(client.call("fail", ()).await.unwrap_err().code(), Some("always"), "the handler's own error");
        let error = client.call("hold", ()).await.unwrap_err();
        assert!(matches!(error, CallError::TimedOutByServer { .. }), "{error:?}");
        watch.until_ended(1).await;
        agent.stop().await;
    }
}

/// Says that it was dropped.
struct Told(mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.try_send(());
    }
}
