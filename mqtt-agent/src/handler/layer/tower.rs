//! [`from_tower`]: a layer of `tower`'s as one of ours.

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

/// A request as `tower`'s services hand it on, with what comes after them.
#[derive(Debug)]
pub struct TowerRequest {
    /// What the services look at.
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

/// A layer of `tower`'s, made by [`from_tower`].
pub struct FromTower<S> {
    service: Mutex<S>,
    name: &'static str,
    refuse: Box<dyn Fn(BoxError) -> Refusal + Send + Sync>,
}

/// Makes a layer of one of `tower`'s; of the feature `tower`.
///
/// Its service is made once and cloned for each call, so one that cannot be cloned goes into a `tower::buffer::BufferLayer`. Errors
/// of the handler and of layers further in come back as they are. What the service itself fails with is kept from the caller,
/// who reads `internal error (ref ..)`, unless [`refuse`](FromTower::refuse) says more of it.
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
    /// What callers read of the service's own errors.
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
