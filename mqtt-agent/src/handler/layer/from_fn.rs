//! [`from_fn`] and [`check`]: layers made from closures.

use std::any::type_name;
use std::fmt;
use std::future::Future;

use super::next::{Layer, Next};
use super::outcome::{Outcome, Refusal};
use super::request::Request;

/// A layer made from a closure by [`from_fn`].
pub struct FromFn<F> {
    function: F,
    name: &'static str,
}

/// Makes a layer from a closure, which gets the request and the inner layers ([`Next`]).
///
/// ```
/// use std::time::Duration;
///
/// use mqtt_agent::layer::{self, Refusal};
/// use mqtt_agent::prelude::*;
///
/// let quick = layer::from_fn(|request, next| async move {
///     let outcome = tokio::time::timeout(Duration::from_millis(200), next.run(request)).await;
///     outcome.unwrap_or_else(|_| Err(Refusal::timeout("not quick enough; ask for less")))
/// });
/// let agent = Agent::new("calculator").layer(quick.named("quick"));
/// ```
pub fn from_fn<F, Fut>(function: F) -> FromFn<F>
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    FromFn { function, name: type_name::<F>() }
}

impl<F> FromFn<F> {
    /// Another name in debug output and in the log. Default: the closure's place.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }
}

#[diagnostic::do_not_recommend]
impl<F, Fut> Layer for FromFn<F>
where
    F: Fn(Request, Next) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    fn call(&self, request: Request, next: Next) -> impl Future<Output = Outcome> + Send {
        (self.function)(request, next)
    }

    fn name(&self) -> &str {
        self.name
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A layer that lets a call continue or refuses it, made by [`check`].
pub struct Check<F> {
    function: F,
    name: &'static str,
}

/// Makes a layer from a closure that checks each request: it refuses the request with an error or lets it continue.
///
/// ```
/// use mqtt_agent::layer::{self, Refusal};
/// use mqtt_agent::prelude::*;
///
/// let office_only = layer::check(|request| match request.client().starts_with("office-") {
///     true => Ok(()),
///     false => Err(Refusal::unauthorized("call from the office")),
/// });
/// let agent = Agent::new("calculator").layer(office_only.named("office only"));
/// ```
pub fn check<F, E>(function: F) -> Check<F>
where
    F: Fn(&Request) -> Result<(), E> + Send + Sync + 'static,
    E: Into<Refusal> + 'static,
{
    Check { function, name: type_name::<F>() }
}

impl<F> Check<F> {
    /// Another name in debug output and in the log. Default: the closure's place.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }
}

#[diagnostic::do_not_recommend]
impl<F, E> Layer for Check<F>
where
    F: Fn(&Request) -> Result<(), E> + Send + Sync + 'static,
    E: Into<Refusal> + 'static,
{
    async fn call(&self, request: Request, next: Next) -> Outcome {
        // The error is no part of what waits: it need not be `Send`.
        let checked = (self.function)(&request).map_err(Into::into);
        checked?;
        next.run(request).await
    }

    fn name(&self) -> &str {
        self.name
    }
}

impl<F> fmt::Debug for Check<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
