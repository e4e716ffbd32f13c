//! [`Listing`]: what was found, and whether that is all.

use std::ops::Deref;

use super::error::{DiscoverError, Shortfall};

/// What a look-up found, and whether that is all there is; made by `partial`, as of
/// [`ListTools::partial`](crate::ListTools::partial). It is read like a slice.
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

    /// Whether that is all.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.shortfall.is_none()
    }

    /// Why there are more; `None` when it is complete.
    #[must_use]
    pub fn shortfall(&self) -> Option<Shortfall> {
        self.shortfall
    }

    /// The names of those that are known to be missing. There may be others that nothing is known of.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// What was found, complete or not.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.found
    }

    /// What was found, where that is all.
    ///
    /// # Errors
    ///
    /// [`DiscoverError::Incomplete`] where there are more.
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
