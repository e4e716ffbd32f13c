//! The source of a definition's error codes. For generated code only.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use super::{ErrorCode, ToolError};

/// The codes of an error type, as a trait object.
#[doc(hidden)]
pub trait Codes: fmt::Debug + Send + Sync {
    /// The codes.
    fn list(&self) -> Vec<ErrorCode>;
}

/// The codes of the error type `E`.
#[doc(hidden)]
pub struct CodesOf<E>(fn(PhantomData<E>) -> Vec<ErrorCode>);

impl<E> CodesOf<E> {
    pub(crate) const fn new(codes: fn(PhantomData<E>) -> Vec<ErrorCode>) -> Self {
        Self(codes)
    }
}

impl<E> Codes for CodesOf<E> {
    fn list(&self) -> Vec<ErrorCode> {
        (self.0)(PhantomData)
    }
}

impl<E> fmt::Debug for CodesOf<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

/// No codes.
pub(crate) const NONE: &dyn Codes = &CodesOf::<Infallible>::new(Infallible::codes_of);
