//! The common code of all annotated functions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Expr;
use syn::ext::IdentExt;

use super::arg;
use super::place::Place;
use crate::model::Function;
use crate::validate;

/// How many parameters the runtime takes in one call.
const MOST: usize = 8;

/// Registers the definition with the package that it is compiled in, which other build systems than cargo may not name.
pub(super) fn register(ty: &TokenStream, private: &TokenStream) -> TokenStream {
    quote! {
        #private::inventory::submit! {
            #private::#ty(&__DEFINITION, ::core::option_env!("CARGO_PKG_NAME"))
        }
    }
}

/// The hidden function that leads to a definition. rustc shows its name when a list names what has none.
pub(super) fn definition_of(attribute: &str, function: &Ident) -> Ident {
    Ident::new(&validate::definition(attribute, &function.unraw().to_string()), function.span())
}

/// The handler: takes every parameter out of the call, calls the function, and turns what it gives into an answer.
pub(super) fn handler(
    function: &Function,
    blocking: Option<&Ident>,
    value: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let ident = &function.ident;
    let bindings: Vec<_> = (0..usize::from(function.has_self) + function.args.len())
        .map(|index| format_ident!("__argument_{index}", span = Span::mixed_site()))
        .collect();
    let takes = takes(function, &bindings, private);
    let call = if takes.is_empty() { quote!(_) } else { quote!(call) };
    let (kind, answer, answered) = match (function.is_async, blocking) {
        (true, _) => (quote!(Async), quote!(run), quote!(ToolFuture<'__call>)),
        (false, Some(_)) => (quote!(Blocking), quote!(answer), quote!(Answer)),
        (false, None) => (quote!(Inline), quote!(answer), quote!(Answer)),
    };
    let (parts, error) = reply(function, private);
    // At the function's name: a future that is not `Send` is reported there.
    let here = Place::at(ident.span());
    let through = function.through.clone().unwrap_or_default();
    let invoke = here.around(&through, ident, &quote!((#(#bindings),*)));
    let answer = here.around(
        &quote!(#private::#answer),
        TokenStream::new(),
        &quote!((#invoke, #parts, #value, #error)),
    );
    let ok = quote!(::core::result::Result::Ok(#answer));
    // All are taken before any is looked at, so that one answer names every refused argument. A `match`, for which the
    // compiler makes half as much code as for `let .. else`.
    let (given, takes): (Vec<_>, Vec<_>) = takes.into_iter().unzip();
    let body = match takes.as_slice() {
        [] => ok,
        [take] => quote! {
            match #take {
                ::core::option::Option::Some(#(#given)*) => #ok,
                ::core::option::Option::None => ::core::result::Result::Err(#private::Refused),
            }
        },
        takes => quote! {
            match (#(#takes),*) {
                (#(::core::option::Option::Some(#given)),*) => #ok,
                _ => ::core::result::Result::Err(#private::Refused),
            }
        },
    };
    if function.through.is_some() {
        // Its types may say `Self`, which a function of its own would not know.
        return quote!(#private::Handler::#kind(|#call| #body));
    }
    // A closure would be two functions to compile. Generic, so that it is compiled beside the user's function, and not with
    // the schemas, which a change of a body leaves alone.
    quote! {
        #private::Handler::#kind({
            fn __handle<'__call, __Any>(
                #call: &mut #private::Call<'__call>,
            ) -> ::core::result::Result<#private::#answered, #private::Refused> {
                #body
            }
            __handle::<()>
        })
    }
}

/// What takes the parameters, each with the pattern of what it gives: `(a, b)` and `call.take_2(.., "a", .., "b")`. As few
/// calls as there can be: the handler is compiled for each function, and they are not.
fn takes(function: &Function, bindings: &[Ident], private: &TokenStream) -> Vec<(TokenStream, TokenStream)> {
    let instance = function.has_self.then(|| quote!(call.instance::<Self>()));
    let (this, bindings) = bindings.split_at(usize::from(function.has_self));
    let mut takes: Vec<_> = this.iter().map(|this| quote!(#this)).zip(instance).collect();
    let args: Vec<_> = function.args.iter().zip(bindings).enumerate().collect();
    for alike in args.chunk_by(|(_, (one, _)), (_, (other, _))| one.level.is_none() && other.level.is_none())
    {
        for some in alike.chunks(MOST) {
            let bindings = some.iter().map(|(_, (_, binding))| binding);
            let given = if some.len() == 1 { quote!(#(#bindings)*) } else { quote!((#(#bindings),*)) };
            let some: Vec<_> = some.iter().map(|(index, (arg, _))| (*arg, *index)).collect();
            takes.push((given, arg::take(&some, private)));
        }
    }
    takes
}

/// How the reply is described, and how its value is answered: the two needs of a value that somebody receives.
/// `by` is what describes it: `schema`, or `output` for a tool.
pub(super) fn described(function: &Function, by: &str, private: &TokenStream) -> (TokenStream, TokenStream) {
    let (parts, ..) = reply(function, private);
    let described = at_reply(function, &quote!(#private::Reply), &quote!(::DESCRIBED));
    let by = Ident::new(by, Span::call_site());
    let schema = quote!(#private::#by(#parts, #described));
    (schema, at_reply(function, &quote!(#private::Reply), &quote!(::ANSWERED)))
}

/// `.error_codes(..)`: put together when they are asked for, because errors hold errors. No closure, which would be
/// three functions to compile for each tool.
pub(super) fn errors(function: &Function, private: &TokenStream) -> TokenStream {
    let (parts, ..) = reply(function, private);
    let codes = at_reply(function, &quote!(#private::ToolError), &quote!(::codes_of));
    quote!(.error_codes(&#private::codes(#parts, #codes)))
}

/// What the return type is made of, and what its error needs, all at the return type. Each need is a path of a trait and
/// no bound of a function of ours, which rustc would print as well.
fn reply(function: &Function, private: &TokenStream) -> (TokenStream, TokenStream) {
    let place = Place::of(&function.reply);
    let parts = place.around(&quote!(#private::ReplyOf::<), &function.reply, &quote!(>::PARTS));
    (parts, at_reply(function, &quote!(#private::ToolError), &quote!(::into_failure)))
}

pub(super) fn at_reply(function: &Function, before: &TokenStream, behind: &TokenStream) -> TokenStream {
    Place::of(&function.reply).around(before, TokenStream::new(), behind)
}

/// The description: a literal, or the first paragraph of what only the compiler knows, such as an included file.
pub(super) fn description(function: &Function, private: &TokenStream) -> TokenStream {
    text(function.description.as_ref(), private)
}

/// The same of any description.
pub(super) fn text(description: Option<&Expr>, private: &TokenStream) -> TokenStream {
    match description {
        None => quote!(""),
        Some(Expr::Lit(literal)) => quote!(#literal),
        Some(other) => {
            Place::of(other).around(&quote!(#private::first_paragraph), TokenStream::new(), &quote!((#other)))
        }
    }
}

/// Where the function was written. At the function: at the attribute it would say where that is.
pub(super) fn location(function: &Function, private: &TokenStream) -> TokenStream {
    let here = quote_spanned!(function.ident.span()=> (::core::file!(), ::core::line!()));
    quote!(#private::Location::new #here)
}

/// The hidden function that leads from a function's path to its definition, and registers it.
pub(super) fn definition(
    function: &Function,
    attribute: &str,
    ty: &TokenStream,
    value: &TokenStream,
    register: &TokenStream,
) -> TokenStream {
    let Function { shared, visibility, ident, .. } = function;
    // Located at the function, but not part of the user's code: lints are about what the user wrote.
    let mut definition = definition_of(attribute, ident);
    definition.set_span(Span::mixed_site().located_at(ident.span()));
    quote! {
        #(#shared)*
        #[doc(hidden)]
        #visibility const fn #definition() -> &'static #ty {
            static __DEFINITION: #ty = #value;
            #register
            &__DEFINITION
        }
    }
}
