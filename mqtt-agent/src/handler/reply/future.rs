//! A future that runs a handler and converts its reply.
//!
//! Hand-written and small, because it is compiled for every handler of a crate.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Answer, Failure, Parts, answer};

/// The future of one call.
pub type ToolFuture<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

pin_project! {
    struct HandlerFuture<F: Future, T, E> {
        #[pin]
        handler: F,
        parts: Parts<F::Output, T, E>,
        value: fn(T) -> Answer,
        error: fn(E) -> Failure,
    }
}

impl<F: Future, T, E> Future for HandlerFuture<F, T, E> {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let this = self.project();
        match this.handler.poll(cx) {
            Poll::Ready(reply) => Poll::Ready(answer(reply, *this.parts, *this.value, *this.error)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Combines a handler's future with the conversion of its reply.
pub fn run<'a, F, T, E>(
    handler: F,
    parts: Parts<F::Output, T, E>,
    value: fn(T) -> Answer,
    error: fn(E) -> Failure,
) -> ToolFuture<'a>
where
    F: Future + Send + 'a,
    T: 'a,
    E: 'a,
{
    // In steps: each function named here is one more for the compiler to make for each tool.
    let future: Box<dyn Future<Output = Answer> + Send + 'a> =
        Box::new(HandlerFuture { handler, parts, value, error });
    Box::into_pin(future)
}
