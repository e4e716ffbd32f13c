//! [`from_tower`]: uses a `tower` layer as a [`Layer`].

use std::any::type_name;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use tower_service::Service;

use super::next::{Layer, Next};
use super::outcome::{Outcome, Output, Refusal};
use super::request::Request;

/// An error of any of `tower`'s services.
type BoxError = Box<dyn Error + Send + Sync>;

/// A request as `tower` services pass it on, with the inner layers and the handler.
#[derive(Debug)]
pub struct TowerRequest {
    /// The request, for the services.
    pub request: Request,
    next: Next,
}

/// The innermost service: the layers further in, and the handler.
#[derive(Debug, Clone, Copy, Default)]
pub struct TowerNext(());

impl Service<TowerRequest> for TowerNext {
    type Response = Output;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Output, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, TowerRequest { request, next }: TowerRequest) -> Self::Future {
        Box::pin(async move { next.run(request).await.map_err(Into::into) })
    }
}

/// A `tower` layer as a [`Layer`], made by [`from_tower`].
pub struct FromTower<S> {
    service: Mutex<S>,
    name: &'static str,
    refuse: Box<dyn Fn(BoxError) -> Refusal + Send + Sync>,
}

/// Makes a layer from a `tower` layer (feature `tower`).
///
/// The `tower` service is made once and cloned for each call; wrap a service that cannot be cloned in a
/// `tower::buffer::BufferLayer`. Errors of the handler and of inner layers are passed on unchanged. Errors of the
/// service itself are hidden from the caller, who gets `internal error (ref ..)`, unless [`refuse`](FromTower::refuse)
/// converts them.
///
/// ```
/// use std::time::Duration;
///
/// use mqtt_agent::layer::{self, Refusal};
/// use mqtt_agent::prelude::*;
/// use tower::timeout::TimeoutLayer;
///
/// let timeout = layer::from_tower(TimeoutLayer::new(Duration::from_secs(2)))
///     .refuse(|_| Refusal::timeout("not quick enough; ask for less"));
/// let agent = Agent::new("calculator").layer(timeout);
/// ```
pub fn from_tower<L, S>(layer: L) -> FromTower<S>
where
    L: tower_layer::Layer<TowerNext, Service = S>,
    S: Service<TowerRequest, Response = Output, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + 'static,
{
    FromTower {
        service: Mutex::new(layer.layer(TowerNext(()))),
        name: type_name::<L>(),
        refuse: Box::new(Into::into),
    }
}

impl<S> FromTower<S> {
    /// Sets how the service's own errors are converted to refusals for the caller.
    #[must_use]
    pub fn refuse(mut self, refuse: impl Fn(BoxError) -> Refusal + Send + Sync + 'static) -> Self {
        self.refuse = Box::new(refuse);
        self
    }

    fn refused(&self, error: impl Into<BoxError>) -> Refusal {
        match error.into().downcast::<Refusal>() {
            Ok(refusal) => *refusal,
            Err(error) => (self.refuse)(error),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<S> Layer for FromTower<S>
where
    S: Service<TowerRequest, Response = Output, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + 'static,
{
    async fn call(&self, request: Request, next: Next) -> Outcome {
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ready = poll_fn(|cx| service.poll_ready(cx).map_err(|error| self.refused(error)));
        ready.await?;
        let called = service.call(TowerRequest { request, next });
        // Not kept while the handler runs: it may hold what others wait for.
        drop(service);
        called.await.map_err(|error| self.refused(error))
    }

    fn name(&self) -> &str {
        self.name
    }
}

impl<S> fmt::Debug for FromTower<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
