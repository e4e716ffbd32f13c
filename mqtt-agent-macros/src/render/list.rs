//! `tools![..]`: an explicit list.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Path, Token};

use super::tool::definition_of;

/// `tools![a, module::b]` is an array of the definitions of `a` and `module::b`.
pub(crate) fn tools(list: TokenStream) -> TokenStream {
    let paths = match Punctuated::<Path, Token![,]>::parse_terminated.parse2(list) {
        Ok(paths) => paths,
        Err(error) => {
            let message =
                "a list of tools is a list of functions; write it as in `tools![add, other::count]`";
            return syn::Error::new(error.span(), message).to_compile_error();
        }
    };
    let definitions = paths.into_iter().map(|mut path| {
        if let Some(last) = path.segments.last_mut() {
            last.ident = definition_of(&last.ident);
        }
        quote!(&#path)
    });
    quote!([#(#definitions),*])
}
