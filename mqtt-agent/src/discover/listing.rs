//! [`Listing`]: the result of a listing, which may be incomplete.

use std::ops::Deref;

use super::error::{DiscoverError, Shortfall};

/// The result of a listing, which may be incomplete; made by `partial`, for example
/// [`ListTools::partial`](crate::ListTools::partial). It dereferences to a slice.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    found: Vec<T>,
    missing: Vec<String>,
    shortfall: Option<Shortfall>,
}

impl<T> Listing<T> {
    pub(crate) fn new(found: Vec<T>, missing: Vec<String>, shortfall: Option<Shortfall>) -> Self {
        let shortfall = shortfall.or((!missing.is_empty()).then_some(Shortfall::TimedOut));
        Self { found, missing, shortfall }
    }

    /// Whether the list is complete.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.shortfall.is_none()
    }

    /// Why the list is incomplete; `None` if it is complete.
    #[must_use]
    pub fn shortfall(&self) -> Option<Shortfall> {
        self.shortfall
    }

    /// The known names of missing entries. There may be further unknown ones.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Returns the entries that were found, complete or not.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.found
    }

    /// Returns the entries, if the list is complete.
    ///
    /// # Errors
    ///
    /// [`DiscoverError::Incomplete`] if the list is not complete.
    pub fn complete(self) -> Result<Vec<T>, DiscoverError> {
        match self.shortfall {
            None => Ok(self.found),
            Some(cause) => {
                Err(DiscoverError::Incomplete { found: self.found.len(), missing: self.missing.len(), cause })
            }
        }
    }
}

impl<T> Deref for Listing<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.found
    }
}

impl<T> IntoIterator for Listing<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

impl<'l, T> IntoIterator for &'l Listing<T> {
    type Item = &'l T;
    type IntoIter = std::slice::Iter<'l, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.iter()
    }
}
