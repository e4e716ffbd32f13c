//! `#[tool]`: one `static` definition with one function pointer.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::{arg, at};
use crate::model::{Tool, ToolWords};

/// The name of the `static` that a tool's definition is kept in. rustc shows it when `tools![..]` names what is none.
pub(super) fn definition_of(function: &Ident) -> Ident {
    format_ident!("tool_definition_of_{}", function.unraw(), span = function.span())
}

/// For
///
/// ```text
/// /// Current weather for a city.
/// #[tool(timeout = "5s")]
/// async fn weather(city: String, days: Option<u8>) -> Result<Report, Error> { .. }
/// ```
///
/// the function as it is, and
///
/// ```text
/// static tool_definition_of_weather: ToolDef = {
///     fn call<'a>(call: &mut Call<'a>) -> Result<ToolFuture<'a>, Refused> {
///         let arguments = (
///             call.take(<String as Param<'_>>::take, "city"),
///             call.take(<Option<u8> as Param<'_>>::take, "days"),
///         );
///         let (Some(argument_0), Some(argument_1)) = arguments else { return Err(Refused) };
///         Ok(run(weather(argument_0, argument_1), ReplyOf::<Result<Report, Error>>::functions().1))
///     }
///     ToolDef::new("weather", "Current weather for a city.", &[..], .., Handler::Async(call), ..).timeout_ms(5000)
/// };
/// inventory::submit! { RegisteredTool(&tool_definition_of_weather) }
/// ```
pub(crate) fn tool(tool: &Tool) -> TokenStream {
    let krate = tool.words.krate.clone().unwrap_or_else(|| syn::parse_quote!(::mqtt_agent));
    let private = quote!(#krate::__private);
    let definition = definition_of(&tool.ident);
    let (visibility, ident) = (&tool.visibility, &tool.ident);

    let takes = tool.args.iter().enumerate().map(|(index, arg)| arg::take(arg, index, &private));
    let bindings: Vec<_> = (0..tool.args.len()).map(|index| format_ident!("argument_{index}")).collect();
    let fill = if tool.args.is_empty() {
        TokenStream::new()
    } else {
        // All are taken before any is looked at, so that one answer names every refused argument.
        quote! {
            let arguments = (#(#takes,)*);
            let (#(::core::option::Option::Some(#bindings),)*) = arguments else {
                return ::core::result::Result::Err(#private::Refused);
            };
        }
    };
    // Both uses of the reply's functions are the same tokens at the same place: a wrong reply is one error.
    let reply = &tool.reply;
    let there = at(reply.span(), &private);
    let functions = quote_spanned!(reply.span()=> #there::ReplyOf::<#reply>::functions());
    let invoke = quote_spanned!(ident.span()=> #ident(#(#bindings),*));
    let (kind, output, answer) = if tool.is_async {
        // At the function's name: a future that is not `Send` is reported there.
        let there = at(ident.span(), &private);
        let run = quote_spanned!(ident.span()=> #there::run);
        (quote!(Async), quote!(#private::ToolFuture<'a>), quote!(#run(#invoke, #functions.1)))
    } else {
        let kind = if tool.words.blocking.is_some() { quote!(Blocking) } else { quote!(Inline) };
        (kind, quote!(#private::Answer), quote!((#functions.1)(#invoke)))
    };

    let args = tool.args.iter().enumerate().map(|(index, arg)| arg::definition(arg, index, &private));
    let checks = tool.args.iter().map(|arg| arg::checks(arg, &private));
    let name = &tool.name.text;
    let description = &tool.description;
    let words = tool_words(&tool.words);
    let line = quote_spanned!(ident.span()=> ::core::line!());
    quote! {
        #[doc(hidden)]
        #[allow(non_upper_case_globals)]
        #visibility static #definition: #private::ToolDef = {
            // In scope for `ReplyOf`, whose functions for what is no `Result` are a trait's.
            #[allow(unused_imports)]
            use #private::{AnyRoot as _, PlainReply as _};
            #(#checks)*
            #[allow(clippy::unit_arg, clippy::let_unit_value)]
            fn call<'a>(
                call: &mut #private::Call<'a>,
            ) -> ::core::result::Result<#output, #private::Refused> {
                #fill
                ::core::result::Result::Ok(#answer)
            }
            #private::ToolDef::new(
                #name,
                #description,
                &[#(#args),*],
                |generator| (#functions.0)(generator),
                #private::Handler::#kind(call),
                #private::Location::new(::core::file!(), #line),
            )
            #words
        };
        #private::inventory::submit! { #private::RegisteredTool(&#definition) }
    }
}

fn tool_words(words: &ToolWords) -> TokenStream {
    let ToolWords { title, version, tags, allow, hints, timeout_ms, concurrency, blocking: _, krate: _ } =
        words;
    let title = title.iter().map(|title| quote!(.title(#title)));
    let version = version.iter().map(|version| quote!(.version(#version)));
    let tags = (!tags.is_empty()).then(|| quote!(.tags(&[#(#tags),*])));
    let allow = allow.iter().map(|callers| quote!(.allow(&[#(#callers),*])));
    let hints = hints.iter().map(|(hint, yes)| quote!(.#hint(#yes)));
    let timeout = timeout_ms.iter().map(|milliseconds| quote!(.timeout_ms(#milliseconds)));
    let concurrency = concurrency.iter().map(|calls| quote!(.concurrency(#calls)));
    quote!(#(#title)* #(#version)* #tags #(#allow)* #(#hints)* #(#timeout)* #(#concurrency)*)
}
