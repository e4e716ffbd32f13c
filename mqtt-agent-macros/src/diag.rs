//! Collects every mistake, so that a user reads all of them in one build.

use std::cell::RefCell;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The mistakes found so far. Has to be finished: what is dropped unread is a bug of ours.
#[derive(Debug)]
pub(crate) struct Errors {
    found: RefCell<Option<Vec<syn::Error>>>,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self { found: RefCell::new(Some(Vec::new())) }
    }

    /// A mistake at some tokens of the user's.
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn push(&self, error: syn::Error) {
        if let Some(found) = self.found.borrow_mut().as_mut() {
            found.push(error);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.borrow().as_ref().is_none_or(Vec::is_empty)
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().as_ref().map_or(0, Vec::len)
    }

    /// The user's item, followed by the mistakes: an item that disappeared would make more errors elsewhere.
    pub(crate) fn finish(self, item: TokenStream) -> TokenStream {
        let errors = self.found.borrow_mut().take().unwrap_or_default();
        let errors = errors.iter().map(syn::Error::to_compile_error);
        quote!(#item #(#errors)*)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        let unread = self.found.get_mut().is_some();
        debug_assert!(!unread || std::thread::panicking(), "errors were collected and not told");
    }
}
