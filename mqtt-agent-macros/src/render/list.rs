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
///         let tools = [__put_tool_above_a_or_write_its_full_path(), module::__put_tool_above_b_or_write_its_full_path()];
///         (tools[1]).assert_new_in(&tools, 1);
///     };
///     [__put_tool_above_a_or_write_its_full_path(), module::__put_tool_above_b_or_write_its_full_path()]
/// }
/// ```
///
/// with each check at the path that it is about; [`definition`] shows what stands for
/// `module::__put_tool_above_b_or_write_its_full_path()`. It names nothing of the runtime, so a renamed dependency needs no
/// option. The checks are an item, because `cargo check` evaluates no `const { .. }` of a function that nobody calls.
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
    let attributes = paths.iter().filter_map(|path| attribute_check(attribute, path));
    let all = Ident::new(all, Span::mixed_site());
    let checks = paths.iter().enumerate().skip(1).map(|(index, path)| {
        Place::of(path).around(
            &quote!((#all[#index])),
            TokenStream::new(),
            &quote!(.assert_new_in(&#all, #index);),
        )
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
    quote!({ #(#attributes)* #check [#(#definitions),*] })
}

/// `handlers![a, module::b]` is
/// `[__put_on_or_request_above_a_or_write_its_full_path(), module::__put_on_or_request_above_b_or_write_its_full_path()]`.
pub(crate) fn handlers(list: TokenStream) -> TokenStream {
    let message =
        "a list of handlers is a list of functions; write it as in `handlers![reading, other::status]`";
    match paths(list, message) {
        Ok(paths) => {
            let attributes: Vec<_> =
                paths.iter().filter_map(|path| attribute_check(topic::ATTRIBUTE, path)).collect();
            let definitions = paths.iter().map(|path| definition(topic::ATTRIBUTE, path));
            let list = quote!([#(#definitions),*]);
            if attributes.is_empty() { list } else { quote!({ #(#attributes)* #list }) }
        }
        Err(error) => error,
    }
}

fn paths(list: TokenStream, message: &str) -> Result<Punctuated<Path, Token![,]>, TokenStream> {
    let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list);
    paths.map_err(|error| syn::Error::new(error.span(), message).to_compile_error())
}

/// What gives the definition of the function at a path: `__put_tool_above_a_or_write_its_full_path()` for `a`, and for
/// `module::b`
///
/// ```text
/// {
///     const fn __put_tool_above_b_or_write_its_full_path<T>() -> T { panic!("..") }
///     {
///         use module::*;
///         __put_tool_above_b_or_write_its_full_path()
///     }
/// }
/// ```
///
/// which finds the function in `module`, if there is one that may be named, and the one above it otherwise. So a mistake is
/// told once and in our words, by [`attribute_check`]. Of a name alone nothing can stand behind what the user sees.
fn definition(attribute: &str, path: &Path) -> TokenStream {
    let Some((module, last)) = in_a_module(path) else {
        return hidden(attribute, path, &quote!(()));
    };
    let otherwise = definition_of(attribute, &last);
    let hidden = hidden(attribute, &last.into(), &quote!(()));
    quote!({
        const fn #otherwise<__Any>() -> __Any {
            ::core::panic!()
        }
        {
            use #module::*;
            #hidden
        }
    })
}

/// Refuses a function of another module that has no attribute, or that is there by `use` alone. It names the function
/// too: of one that is private or that is not there, rustc says the user's name.
fn attribute_check(attribute: &str, path: &Path) -> Option<TokenStream> {
    let (module, last) = in_a_module(path)?;
    let otherwise = definition_of(attribute, &last);
    let text = path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>().join("::");
    let [kind, attributes, other] = match attribute {
        tool::ATTRIBUTE => ["tool", "`#[tool]`", "; a skill goes into `skills![..]`"],
        skill::ATTRIBUTE => ["skill", "`#[skill]`", "; a tool goes into `tools![..]`"],
        _ => ["topic handler", "`#[on]` or `#[request]`", ""],
    };
    let message = format!(
        "`{text}` is no {kind} that can be seen here; write {attributes} above the function, make it visible here, and name \
         it by the path of the module where it is written, not by one that a `use` made{other}"
    );
    let hidden = hidden(attribute, &last.into(), &quote!(()));
    Some(quote! {
        const _: () = {
            #[track_caller]
            const fn #otherwise() {
                ::core::panic!(#message)
            }
            {
                use #module::*;
                #[allow(deprecated)]
                let _ = #path;
                let _ = #hidden;
            }
        };
    })
}

/// The module and the name of a path that has both: `module::b`.
fn in_a_module(path: &Path) -> Option<(Path, Ident)> {
    let mut module = path.clone();
    let last = module.segments.pop()?;
    let is_plain = path.segments.iter().all(|segment| segment.arguments.is_none());
    module.segments.pop_punct();
    (is_plain && !module.segments.is_empty()).then_some((module, last.ident))
}

/// The call of the hidden function at a path.
fn hidden(attribute: &str, path: &Path, behind: &TokenStream) -> TokenStream {
    let place = Place::of(path);
    let mut path = path.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = definition_of(attribute, &last.ident);
    }
    place.around(&TokenStream::new(), path, behind)
}
