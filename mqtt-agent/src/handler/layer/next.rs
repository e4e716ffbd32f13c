//! [`Layer`]: a layer around a handler, and [`Next`]: the inner layers and the handler.

use std::any::{Any, type_name};
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::outcome::Outcome;
use super::request::Request;
use crate::handler::refusal::{canceled, panicked};
use crate::shown::{quoting, shown};

/// How long a layer may take to end what it has begun.
const STOP: Duration = Duration::from_secs(5);

/// A layer around handlers. It sees each call before the handler and its outcome afterwards, and decides whether the
/// call continues.
///
/// Add it to all handlers with [`Agent::layer`](crate::Agent::layer), or to one with `#[tool(layer = ..)]`. The page
/// [`layer`](crate::layer) has the order and the time limits of layers.
///
/// ```
/// use std::time::Instant;
///
/// use mqtt_agent::layer::{Layer, Next, Outcome, Request};
///
/// struct Timing;
///
/// impl Layer for Timing {
///     async fn call(&self, request: Request, next: Next) -> Outcome {
///         let (name, began) = (request.name().to_owned(), Instant::now());
///         let outcome = next.run(request).await;
///         println!("{name}: {:?}", began.elapsed());
///         outcome
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer",
    label = "cannot stand around a handler",
    note = "implement `mqtt_agent::layer::Layer` for it, or write `layer::check(|request| ..)` or `layer::from_fn(|request, next| ..)`"
)]
pub trait Layer: Send + Sync + 'static {
    /// Handles one call: lets it continue with [`Next::run`], or answers it without that.
    ///
    /// A layer may wait before it decides. Dropping the future of [`Next::run`] drops the handler.
    fn call(&self, request: Request, next: Next) -> impl Future<Output = Outcome> + Send;

    /// Its name in debug output and in the log. Default: its type's name.
    fn name(&self) -> &str {
        type_name::<Self>()
    }

    /// Called when an agent has stopped, for example to write buffered data; it is dropped after 5 s. Also called when
    /// the last handler of the layer was [removed](crate::Running::remove_tool) and that handler's calls have ended.
    /// Default: does nothing.
    fn stop(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

#[diagnostic::do_not_recommend]
impl<L: Layer> Layer for Arc<L> {
    fn call(&self, request: Request, next: Next) -> impl Future<Output = Outcome> + Send {
        L::call(self, request, next)
    }

    fn name(&self) -> &str {
        L::name(self)
    }

    fn stop(&self) -> impl Future<Output = ()> + Send {
        L::stop(self)
    }
}

/// A layer of any type.
trait AnyLayer: Send + Sync {
    fn call(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Outcome>;
    fn name(&self) -> &str;
    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

impl<L: Layer> AnyLayer for L {
    fn call(self: Arc<Self>, request: Request, next: Next) -> BoxFuture<'static, Outcome> {
        Box::pin(async move { L::call(&self, request, next).await })
    }

    fn name(&self) -> &str {
        L::name(self)
    }

    fn stop(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { L::stop(&self).await })
    }
}

/// A layer that several handlers share.
#[derive(Clone)]
pub struct SharedLayer(Arc<dyn AnyLayer>);

/// The layer that an attribute names. Called by generated code, when an agent is built.
pub fn layer<L: Layer>(layer: L) -> SharedLayer {
    SharedLayer(Arc::new(layer))
}

impl SharedLayer {
    /// Handles one call. A panic is that call's error.
    async fn call(self, request: Request, next: Next) -> Outcome {
        // In a block of its own, so that what the layer drops is in it as well.
        let called = async { Arc::clone(&self.0).call(request, next).await };
        AssertUnwindSafe(called).catch_unwind().await.unwrap_or_else(|panic| {
            self.log(panic.as_ref());
            Err(panicked().into())
        })
    }

    /// Whether both are one.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Lets it end what it has begun, for a while. A panic is logged.
    pub(super) async fn stop(&self) {
        let stopped = async { timeout(STOP, Arc::clone(&self.0).stop()).await };
        match AssertUnwindSafe(stopped).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => {
                crate::log::warn!(layer = %shown(self.0.name()), "failed to stop a layer in time");
            }
            Err(panic) => self.log(panic.as_ref()),
        }
    }

    fn log(&self, panic: &(dyn Any + Send)) {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        crate::log::error!(layer = %shown(self.0.name()), panic = %quoting(&text.unwrap_or("no message")), "a layer panicked");
    }
}

impl fmt::Debug for SharedLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// A request that passed all layers.
pub(super) struct Passed {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// The layers further in, and the handler.
#[must_use = "without `run` the handler is not called"]
pub struct Next {
    layers: Arc<[SharedLayer]>,
    index: usize,
    handler: oneshot::Sender<Passed>,
}

impl Next {
    pub(super) fn new(layers: Arc<[SharedLayer]>, handler: oneshot::Sender<Passed>) -> Self {
        Self { layers, index: 0, handler }
    }

    /// Lets a request continue, and waits for its outcome. Dropping the future drops the handler.
    ///
    /// The future may be moved into a tokio task. If the layers of the call end first, the call ends, and this returns
    /// `canceled`.
    pub fn run(self, request: Request) -> impl Future<Output = Outcome> + Send + 'static {
        self.boxed(request)
    }

    /// Boxed, for a layer's own future is within.
    fn boxed(mut self, request: Request) -> BoxFuture<'static, Outcome> {
        Box::pin(async move {
            if let Some(layer) = self.layers.get(self.index).cloned() {
                self.index += 1;
                return layer.call(request, self).await;
            }
            let (answer, answered) = oneshot::channel();
            if self.handler.send(Passed { request, answer }).is_err() {
                return Err(canceled().into());
            }
            answered.await.unwrap_or_else(|_| Err(canceled().into()))
        })
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.layers.iter().skip(self.index)).finish()
    }
}
