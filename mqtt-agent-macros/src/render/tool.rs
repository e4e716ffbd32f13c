//! `#[tool]`: one `static` definition with one function pointer, in a hidden function that leads to it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::function::{self, definition, definition_of};
use super::place::private;
use super::{arg, published, words};
use crate::model::Tool;
use crate::names;

/// In the name of the hidden function.
pub(super) const ATTRIBUTE: &str = "tool";

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
///     static __DEFINITION: ToolDef = {
///         let tool = ToolDef::new(
///             "weather",
///             "Current weather for a city.",
///             &[ArgDef::new("city", "", <String as Param<'_>>::NEED)],
///             schema(ReplyOf::<Result<Report, Error>>::PARTS, Reply::DESCRIBED),
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
///     inventory::submit! { RegisteredTool(&__DEFINITION) }
///     &__DEFINITION
/// }
/// ```
///
/// All of it is one body with closures in it, and no functions of their own: rustc reports what a type lacks once for
/// each place in a body, so a type that cannot be a parameter is one error though three lines need it.
pub(crate) fn tool(tool: &Tool) -> TokenStream {
    let private = private(tool.words.krate.as_ref());
    let register = quote!(#private::inventory::submit! { #private::RegisteredTool(&__DEFINITION) });
    let claim = claim(tool);
    let value = value(tool, &private);
    let leads_to = definition_of(ATTRIBUTE, &tool.function.ident);
    let test = published::test(tool, &quote!(#leads_to()), &private);
    let definition =
        definition(&tool.function, ATTRIBUTE, &quote!(#private::ToolDef), &value, &quote!(#register #claim));
    quote!(#definition #test)
}

/// What stands in for a tool that has mistakes, so that a list which names it adds no mistake of its own.
pub(crate) fn stub(tool: &Tool) -> TokenStream {
    let private = private(tool.words.krate.as_ref());
    let ty = quote!(#private::ToolDef);
    definition(&tool.function, ATTRIBUTE, &ty, &quote!(#private::ToolDef::BROKEN), &TokenStream::new())
}

/// The definition itself.
pub(super) fn value(tool: &Tool, private: &TokenStream) -> TokenStream {
    let function = &tool.function;
    let args = || function.args.iter().enumerate();
    let definitions = args().map(|(index, arg)| arg::definition(arg, index, private));
    let this = Ident::new("tool", Span::mixed_site());
    let checks = args().map(|(index, arg)| arg::checks(arg, index, &this, private));
    let name = &tool.name.text;
    let description = function::description(function, private);
    let (schema, value) = function::described(function, private);
    let handler = function::handler(function, tool.words.blocking.as_ref(), &value, private);
    let location = function::location(function, private);
    let errors = function::errors(function, private);
    let words = words::words(&tool.words);
    let published = published::checks(tool, &this, private);
    quote! {
        {
            // In scope for types that `ReplyOf` and `RootOf` know nothing better of.
            use #private::{AnyRoot as _, PlainReply as _};
            let #this = #private::ToolDef::new(
                #name,
                #description,
                &[#(#definitions),*],
                #schema,
                #handler,
                #location,
            );
            #(#checks)*
            #published
            #this #errors #words
        }
    }
}

/// A macro that has the tool's name in its own: rustc refuses a second one in the crate, and marks both names.
///
/// ```text
/// #[macro_export]
/// macro_rules! __tool_name_weather_is_taken { () => {} }
/// ```
///
/// Exported, because others may be defined twice; in the body of the hidden function, because a macro can be in any.
pub(super) fn claim(tool: &Tool) -> Option<TokenStream> {
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
