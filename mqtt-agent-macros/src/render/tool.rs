//! `#[tool]`: one `static` definition with one function pointer, in a hidden function that leads to it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Expr;
use syn::ext::IdentExt;

use super::place::{Place, private};
use super::{arg, words};
use crate::model::Tool;
use crate::names;

/// The hidden function that leads to a tool's definition. rustc shows its name when `tools![..]` names what is none.
pub(super) fn definition_of(function: &Ident) -> Ident {
    Ident::new(&names::definition(&function.unraw().to_string()), function.span())
}

/// For
///
/// ```text
/// /// Current weather for a city.
/// #[tool(timeout = "5s")]
/// async fn weather(city: String) -> Result<Report, Error> { .. }
/// ```
///
/// the function as it is, and
///
/// ```text
/// const fn __tool_attribute_on_weather() -> &'static ToolDef {
///     static TOOL: ToolDef = {
///         let tool = ToolDef::new(
///             "weather",
///             "Current weather for a city.",
///             &[ArgDef::new("city", "", <String as Param<'_>>::NEED)],
///             |generator| ReplyOf::<Result<Report, Error>>::KIND.schema(.., generator),
///             Handler::Async(|call| {
///                 let (Some(argument_0),) = (call.take(<String as Param<'_>>::take, "city"),) else {
///                     return Err(Refused);
///                 };
///                 Ok(run(weather(argument_0), ..))
///             }),
///             Location::new(file!(), line!()),
///         );
///         check_parameter(&tool, 0, true, RootOf::<String>::ROOT);
///         tool.timeout_ms(5000)
///     };
///     inventory::submit! { RegisteredTool(&TOOL) }
///     &TOOL
/// }
/// ```
///
/// All of it is one body with closures in it, and no functions of their own: rustc reports what a type lacks once for
/// each place in a body, so a type that cannot be a parameter is one error though three lines need it.
pub(crate) fn tool(tool: &Tool) -> TokenStream {
    let private = private(tool.words.krate.as_ref());
    let args = || tool.args.iter().enumerate();
    let definitions = args().map(|(index, arg)| arg::definition(arg, index, &private));
    let this = Ident::new("tool", Span::mixed_site());
    let checks = args().map(|(index, arg)| arg::checks(arg, index, &this, &private));
    let name = &tool.name.text;
    let description = tool.description.as_ref().map(|text| description(text, &private));
    let schema = schema(tool, &private);
    let handler = handler(tool, &private);
    let errors = errors(tool, &private);
    // At the function: at the attribute they would say where that is.
    let here = quote_spanned!(tool.ident.span()=> (::core::file!(), ::core::line!()));
    let words = words::words(&tool.words);
    let value = quote! {
        {
            // In scope for types that `ReplyOf` and `RootOf` know nothing better of.
            use #private::{AnyRoot as _, PlainReply as _};
            let #this = #private::ToolDef::new(
                #name,
                #description,
                &[#(#definitions),*],
                #schema,
                #handler,
                #private::Location::new #here,
            );
            #(#checks)*
            #this #errors #words
        }
    };
    let register = quote!(#private::inventory::submit! { #private::RegisteredTool(&TOOL) });
    let claim = claim(tool);
    definition(tool, &value, &quote!(#register #claim), &private)
}

/// What stands in for a tool that has mistakes, so that a list which names it adds no mistake of its own.
pub(crate) fn stub(tool: &Tool) -> TokenStream {
    let private = private(tool.words.krate.as_ref());
    definition(tool, &quote!(#private::ToolDef::BROKEN), &TokenStream::new(), &private)
}

fn definition(
    tool: &Tool,
    value: &TokenStream,
    register: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let Tool { shared, visibility, ident, .. } = tool;
    // Located at the function, but not part of the user's code: lints are about what the user wrote.
    let mut definition = definition_of(ident);
    definition.set_span(Span::mixed_site().located_at(ident.span()));
    quote! {
        #(#shared)*
        #[doc(hidden)]
        #visibility const fn #definition() -> &'static #private::ToolDef {
            static TOOL: #private::ToolDef = #value;
            #register
            &TOOL
        }
    }
}

/// The description: a literal, or the first paragraph of what only the compiler knows, such as an included file.
fn description(text: &Expr, private: &TokenStream) -> TokenStream {
    match text {
        Expr::Lit(literal) => quote!(#literal),
        other => {
            Place::of(other).around(&quote!(#private::first_paragraph), TokenStream::new(), &quote!((#other)))
        }
    }
}

fn handler(tool: &Tool, private: &TokenStream) -> TokenStream {
    let ident = &tool.ident;
    let takes = tool.args.iter().enumerate().map(|(index, arg)| arg::take(arg, index, private));
    let bindings: Vec<_> = (0..tool.args.len())
        .map(|index| format_ident!("__argument_{index}", span = Span::mixed_site()))
        .collect();
    // All are taken before any is looked at, so that one answer names every refused argument.
    let fill = (!tool.args.is_empty()).then(|| {
        quote! {
            let (#(::core::option::Option::Some(#bindings),)*) = (#(#takes,)*) else {
                return ::core::result::Result::Err(#private::Refused);
            };
        }
    });
    let call = if tool.args.is_empty() { quote!(_) } else { quote!(call) };
    let kind = match (tool.is_async, &tool.words.blocking) {
        (true, _) => quote!(Async),
        (false, Some(_)) => quote!(Blocking),
        (false, None) => quote!(Inline),
    };
    let function = if tool.is_async { quote!(run) } else { quote!(answer) };
    let (parts, value, error) = reply(tool, private);
    // At the function's name: a future that is not `Send` is reported there.
    let here = Place::at(ident.span());
    let invoke = here.around(&TokenStream::new(), ident, &quote!((#(#bindings),*)));
    let answer = here.around(
        &quote!(#private::#function),
        TokenStream::new(),
        &quote!((#invoke, #parts, #value, #error)),
    );
    quote! {
        #private::Handler::#kind(|#call| {
            #fill
            ::core::result::Result::Ok(#answer)
        })
    }
}

fn schema(tool: &Tool, private: &TokenStream) -> TokenStream {
    let (parts, ..) = reply(tool, private);
    let describe = at_reply(tool, &quote!(#private::Reply), &quote!(::describe));
    quote!(|generator| #private::schema(#parts, #describe, generator))
}

/// `.error_codes(..)`: a function, because codes of errors in errors are put together when they are asked for.
fn errors(tool: &Tool, private: &TokenStream) -> TokenStream {
    let (parts, ..) = reply(tool, private);
    let codes = at_reply(tool, &quote!(#private::ToolError), &quote!(::codes_of));
    quote!(.error_codes(|| #private::codes(#parts, #codes)))
}

/// What the return type is made of, and what its value and its error need, all at the return type. Each need is a path
/// of a trait and no bound of a function of ours, which rustc would print as well.
fn reply(tool: &Tool, private: &TokenStream) -> (TokenStream, TokenStream, TokenStream) {
    let parts = Place::of(&tool.reply).around(&quote!(#private::ReplyOf::<), &tool.reply, &quote!(>::PARTS));
    let value = at_reply(tool, &quote!(#private::Reply), &quote!(::into_answer));
    let error = at_reply(tool, &quote!(#private::ToolError), &quote!(::into_failure));
    (parts, value, error)
}

fn at_reply(tool: &Tool, before: &TokenStream, behind: &TokenStream) -> TokenStream {
    Place::of(&tool.reply).around(before, TokenStream::new(), behind)
}

/// A macro that has the tool's name in its own: rustc refuses a second one in the crate, and marks both names.
///
/// ```text
/// #[macro_export]
/// macro_rules! __tool_name_weather_is_taken { () => {} }
/// ```
///
/// Exported, because others may be defined twice; in the body of the hidden function, because a macro can be in any.
fn claim(tool: &Tool) -> Option<TokenStream> {
    let span = tool.name.span;
    let claim = Ident::new(&names::claim(&tool.name.text), span);
    cfg!(feature = "unique-names").then(|| {
        quote_spanned! {span=>
            #[doc(hidden)]
            #[allow(non_local_definitions)]
            #[macro_export]
            macro_rules! #claim { () => {}; }
        }
    })
}
