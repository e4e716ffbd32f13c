//! From the model to code. Generated code names nothing but `mqtt_agent::__private`, the standard library by its full
//! path, and what the user wrote; it stays small, for generic work is done in the runtime once for each type.

mod arg;
mod list;
mod tool;

use proc_macro2::{Group, Span, TokenStream, TokenTree};

pub(crate) use list::tools;
pub(crate) use tool::tool;

/// The same tokens, all at one place: an expression is reported where its first and last token are, and a path of ours
/// in it would move that to the attribute.
fn at(span: Span, tokens: &TokenStream) -> TokenStream {
    let respanned = tokens.clone().into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = TokenTree::Group(Group::new(group.delimiter(), at(span, &group.stream())));
        }
        token.set_span(span);
        token
    });
    respanned.collect()
}
