//! `tools![..]`, `skills![..]` and `handlers![..]`: explicit lists, and the comparison of the names in the first two.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Path, Token};

use super::function::definition_of;
use super::place::Place;
use super::{skill, tool, topic};

/// `tools![a, module::b]` is
///
/// ```text
/// {
///     const _: () = {
///         let tools = [__tool_attribute_on_a(), module::__tool_attribute_on_b()];
///         module::__tool_attribute_on_b().assert_new_in(&tools, 1);
///     };
///     [__tool_attribute_on_a(), module::__tool_attribute_on_b()]
/// }
/// ```
///
/// with each check at the path that it is about. It names nothing of the runtime, so a renamed dependency needs no
/// word. The checks are an item, because `cargo check` evaluates no `const { .. }` of a function that nobody calls.
pub(crate) fn tools(list: TokenStream) -> TokenStream {
    let message = "a list of tools is a list of functions; write it as in `tools![add, other::count]`";
    distinct(tool::ATTRIBUTE, "__tools", list, message)
}

/// `skills![a, module::b]`: the same of skills and their ids.
pub(crate) fn skills(list: TokenStream) -> TokenStream {
    let message =
        "a list of skills is a list of functions; write it as in `skills![summarize, other::translate]`";
    distinct(skill::ATTRIBUTE, "__skills", list, message)
}

fn distinct(attribute: &str, all: &str, list: TokenStream, message: &str) -> TokenStream {
    let paths = match paths(list, message) {
        Ok(paths) => paths,
        Err(error) => return error,
    };
    let definition = |path: &Path| definition(attribute, path);
    let all = Ident::new(all, Span::mixed_site());
    let checks = paths.iter().enumerate().skip(1).map(|(index, path)| {
        let definition = definition(path);
        Place::of(path).around(&TokenStream::new(), definition, &quote!(.assert_new_in(&#all, #index);))
    });
    let definitions: Vec<_> = paths.iter().map(definition).collect();
    let check = (paths.len() > 1).then(|| {
        quote! {
            const _: () = {
                let #all = [#(#definitions),*];
                #(#checks)*
            };
        }
    });
    quote!({ #check [#(#definitions),*] })
}

/// `handlers![a, module::b]` is `[__on_or_request_attribute_on_a(), module::__on_or_request_attribute_on_b()]`.
pub(crate) fn handlers(list: TokenStream) -> TokenStream {
    let message =
        "a list of handlers is a list of functions; write it as in `handlers![reading, other::status]`";
    match paths(list, message) {
        Ok(paths) => {
            let definitions = paths.iter().map(|path| definition(topic::ATTRIBUTE, path));
            quote!([#(#definitions),*])
        }
        Err(error) => error,
    }
}

fn paths(list: TokenStream, message: &str) -> Result<Punctuated<Path, Token![,]>, TokenStream> {
    let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list);
    paths.map_err(|error| syn::Error::new(error.span(), message).to_compile_error())
}

fn definition(attribute: &str, path: &Path) -> TokenStream {
    let place = Place::of(path);
    let mut path = path.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = definition_of(attribute, &last.ident);
    }
    place.around(&TokenStream::new(), path, &quote!(()))
}
