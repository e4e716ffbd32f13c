//! Values: what the card says is what happens.

use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, Error};
use serde_json::json;
use support::{RawPeer, on_each_broker};
use tokio::sync::mpsc;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Page {
    size: u8,
    #[schemars(extend("multipleOf" = 0.01))]
    price: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Mean {
    of: Vec<Option<f64>>,
}

/// Takes one argument.
#[tool]
fn one(count: u32) -> u32 {
    count
}

/// Takes all arguments as one value.
#[tool]
fn whole(Args(page): Args<Page>) -> u8 {
    page.size
}

/// Divides.
#[tool]
fn divide(by: f64) -> Mean {
    Mean { of: vec![Some(1.0), Some(1.0 / by)] }
}

/// Adds up.
#[tool]
fn wide(by: u32) -> u128 {
    u128::from(u64::MAX) + u128::from(by)
}

#[on("values/page")]
fn page(page: Page, State(heard): State<mpsc::Sender<u8>>) {
    heard.try_send(page.size).unwrap();
}

on_each_broker! {
    async fn mcp_8_a_float_without_a_fraction_is_an_integer_wherever_one_is_expected(broker) {
        let (heard, mut sizes) = mpsc::channel::<u8>(1);
        let agent = Agent::new("calc").tools(tools![one, whole]).handlers(handlers![page]).state(heard);
        let agent = agent.start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        assert_eq!(client.call("one", json!({"count": 30.0})).await.unwrap(), json!(30));
        assert_eq!(client.call("whole", json!({"size": 2e1, "price": 4.02})).await.unwrap(), json!(20));
        let mut peer = RawPeer::connect(&broker.url(), "peer").await;
        peer.publish("values/page", r#"{"size": 7.0, "price": 1}"#.to_owned(), Default::default()).await;
        assert_eq!(support::soon(sizes.recv()).await, Some(7));
        agent.stop().await;
    }

    async fn mcp_7_a_result_that_json_cannot_hold_is_an_error_that_names_the_field(broker) {
        let agent = Agent::new("calc").tools(tools![divide, wide]).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let failure = async |tool: &str, by: u32| match client.call(tool, json!({"by": by})).await {
            Err(CallError::Tool { message, .. }) => message,
            other => panic!("{other:?}"),
        };
        let message = failure("divide", 0).await;
        assert!(message.contains("`/of/1` is infinite, which JSON lacks"), "{message}");
        let message = failure("wide", 1).await;
        assert!(message.contains("it is beyond 64 bits"), "{message}");
        assert_eq!(client.call("wide", json!({"by": 0})).await.unwrap(), json!(u64::MAX));
        agent.stop().await;
    }

    async fn a_number_that_json_cannot_hold_is_not_sent_as_an_argument(broker) {
        #[derive(Serialize)]
        struct Arguments {
            by: f64,
        }
        let client = Client::connect(&broker.url()).await.unwrap();
        let error = client.call("divide", Arguments { by: f64::NAN }).await.unwrap_err();
        assert!(matches!(&error, CallError::InvalidArguments { message } if message.contains("`/by` is NaN")), "{error:?}");
    }
}

/// Takes a number, and a state that nobody gives.
#[tool]
fn lacking(count: u32, State(state): State<String>) -> String {
    format!("{count}{state}")
}

#[test]
fn build_problems_of_all_kinds_come_at_once() {
    let options = ConnectOptions::new("mqtt://localhost")
        .session_expiry(std::time::Duration::from_secs(5))
        .will_delay(std::time::Duration::from_secs(9));
    let agent = Agent::new("calc").instance("1").without_replicas().tools(tools![lacking]).expect_tools(2);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let Err(Error::Invalid(problems)) = runtime.block_on(agent.start(options)) else {
        panic!("it is invalid")
    };
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for expected in ["`State<alloc::string::String>`", "2 tools are expected", "`.instance(..)`", "SUB-9"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
