//! Typed remotes: one trait for both sides.

use std::time::Duration;

use futures_util::StreamExt;
use mqtt_agent::prelude::*;
use mqtt_agent::{CallError, RemoteError};
use support::{on_each_broker, soon};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Point {
    x: i64,
    y: i64,
}

#[derive(Debug, PartialEq, ToolError)]
enum Outside {
    /// No distance was given.
    #[tool_error("by how much?")]
    Unsaid,
    #[tool_error("{x} is over {limit}; give less")]
    TooFar { x: i64, limit: i64 },
    #[tool_error(internal)]
    Broken(String),
}

#[remote(prefix = "plane.")]
trait Plane {
    /// Moves a point.
    #[tool(idempotent, timeout = "5s")]
    async fn shift(&self, point: Point, #[arg(range = 0..=10)] by: Option<i64>) -> Result<Point, Outside>;

    /// Mirrors a point, without waiting for anything.
    #[tool("mirror")]
    fn mirrored(&self, point: Args<Point>, cx: &Context) -> Result<Point, String>;

    /// Tells each point on the way.
    async fn walk(&self, to: u32, #[arg(given)] points: Partials<Point>) -> Result<u32, String>;

    /// Never ends by itself.
    async fn hang(&self) -> Result<(), String>;
}

struct Euclid;

#[agent("euclid")]
impl Plane for Euclid {
    async fn shift(&self, point: Point, by: Option<i64>) -> Result<Point, Outside> {
        let Some(by) = by else { return Err(Outside::Unsaid) };
        match point.x {
            666 => return Err(Outside::Broken("a secret".to_owned())),
            x if x > 100 => return Err(Outside::TooFar { x, limit: 100 }),
            _ => {}
        }
        Ok(Point { x: point.x + by, y: point.y + by })
    }

    fn mirrored(&self, Args(point): Args<Point>, cx: &Context) -> Result<Point, String> {
        assert!(!cx.caller().claim().is_empty());
        Ok(Point { x: point.y, y: point.x })
    }

    async fn walk(&self, to: u32, points: Partials<Point>) -> Result<u32, String> {
        for step in 0..to {
            let point = Point { x: step.into(), y: 0 };
            points.send(&point).await.map_err(|error| error.to_string())?;
        }
        Ok(to)
    }

    async fn hang(&self) -> Result<(), String> {
        std::future::pending().await
    }
}

on_each_broker! {
    async fn a_trait_is_served_and_called(broker) {
        let agent = Agent::of(Euclid).start(&broker.url()).await.unwrap();
        let client = Client::connect(&broker.url()).await.unwrap();
        let plane = PlaneRemote::new(&client);

        assert_eq!(plane.shift(Point { x: 1, y: 2 }, Some(3)).await.unwrap(), Point { x: 4, y: 5 });
        assert_eq!(plane.mirrored(Args(Point { x: 1, y: 2 })).await.unwrap(), Point { x: 2, y: 1 });
        let failed = plane.shift(Point { x: 1, y: 2 }, None).await;
        assert!(matches!(&failed, Err(RemoteError::Tool(Outside::Unsaid))), "{failed:?}");
        let failed = plane.shift(Point { x: 101, y: 0 }, Some(1)).await.unwrap_err();
        assert_eq!(failed.to_string(), "the tool failed: 101 is over 100; give less");
        assert!(matches!(&failed, RemoteError::Tool(Outside::TooFar { x: 101, limit: 100 })), "{failed:?}");
        // What is internal comes back as no value: nobody but the log knows it.
        let failed = plane.shift(Point { x: 666, y: 0 }, Some(1)).await.unwrap_err();
        let RemoteError::Call(CallError::Tool { message, code, .. }) = &failed else { panic!("{failed:?}") };
        assert!(code.as_deref() == Some("internal") && !message.contains("secret"), "{failed:?}");
        let refused = plane.shift(Point { x: 1, y: 2 }, Some(11)).await;
        assert!(matches!(&refused, Err(RemoteError::Call(CallError::InvalidArguments { .. }))), "{refused:?}");

        let mut walk = plane.walk(3).stream().await.unwrap().partials::<Point>();
        let points: Vec<_> = soon(walk.by_ref().map(|point| point.x).collect()).await;
        assert_eq!((points, walk.finish().await.unwrap()), (vec![0, 1, 2], 3));

        let late = plane.hang().timeout(Duration::from_millis(100)).await;
        assert!(matches!(&late, Err(RemoteError::Call(CallError::Timeout { .. } | CallError::TimedOutByServer { .. }))), "{late:?}");

        let card = client.tool("plane.shift").await.unwrap().unwrap();
        assert_eq!(card.annotations.unwrap().idempotent_hint, Some(true));
        assert_eq!(client.server("euclid").await.unwrap().unwrap().tools.len(), 4);
        client.close().await;
        agent.stop().await;
    }
}
