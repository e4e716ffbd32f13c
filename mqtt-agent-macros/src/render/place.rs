//! The spans at which the compiler reports mistakes in generated code, and the path of the runtime.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Path;

/// The first and the last token of a piece of the user's code. The compiler reports an expression from its first token
/// to its last: with one span for both it would mark `Vec` in `Vec<Pool>`.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) first: Span,
    pub(super) last: Span,
}

impl Place {
    pub(super) fn of(piece: impl ToTokens) -> Self {
        let mut tokens = piece.into_token_stream().into_iter();
        let first = tokens.next();
        let last = tokens.last().or_else(|| first.clone());
        let open = |token: &TokenTree| match token {
            TokenTree::Group(group) => group.span_open(),
            other => other.span(),
        };
        let close = |token: &TokenTree| match token {
            TokenTree::Group(group) => group.span_close(),
            other => other.span(),
        };
        Self {
            first: first.as_ref().map_or_else(Span::call_site, open),
            last: last.as_ref().map_or_else(Span::call_site, close),
        }
    }

    pub(super) fn at(span: Span) -> Self {
        Self { first: span, last: span }
    }

    /// What stands before the user's tokens, what stands behind them: together they are at this place.
    pub(super) fn around(
        self,
        before: &TokenStream,
        piece: impl ToTokens,
        behind: &TokenStream,
    ) -> TokenStream {
        let (before, behind) = (moved(before, self.first), moved(behind, self.last));
        quote!(#before #piece #behind)
    }
}

/// The same tokens at another place. What is in parentheses stays where it was.
fn moved(tokens: &TokenStream, span: Span) -> TokenStream {
    let moved = tokens.clone().into_iter().map(|mut token| {
        // What `$crate` means hangs on where it was written.
        let own = matches!(&token, TokenTree::Ident(ident) if ident == "$crate");
        token.set_span(if own { token.span().located_at(span) } else { span });
        token
    });
    moved.collect()
}

/// `::mqtt_agent::__private`, or below what `crate = path` says.
pub(super) fn private(krate: Option<&Path>) -> TokenStream {
    match krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::mqtt_agent::__private),
    }
}
