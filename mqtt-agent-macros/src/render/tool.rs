//! `#[tool]`: one `static` definition with one function pointer, in a hidden function that returns it.

use proc_macro2::TokenStream;
use quote::quote;

use super::definition::{self, Definition};
use super::function::{self, definition, definition_of};
use super::place::private;
use super::{options, published};
use crate::model::Tool;

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
/// const fn __put_tool_above_weather_or_write_its_full_path() -> &'static ToolDef {
///     static __DEFINITION: ToolDef = {
///         let tool = ToolDef::answering(
///             "weather",
///             "Current weather for a city.",
///             &[ArgDef::new("city", "", <String as Param<'_>>::NEED)],
///             output(ReplyOf::<Result<Report, Error>>::PARTS, Reply::DESCRIBED),
///             Handler::Async({
///                 fn __handle<'__call, __Any>(call: &mut Call<'__call>) -> Result<ToolFuture<'__call>, Refused> {
///                     match call.take(<String as Param<'_>>::take, "city") {
///                         Some(__argument_0) => Ok(run(weather(__argument_0), ..)),
///                         None => Err(Refused),
///                     }
///                 }
///                 __handle::<()>
///             }),
///             Location::new(file!(), line!()),
///         );
///         check_parameter(tool.args(), 0, true, RootOf::<String>::ROOT);
///         tool.error_codes(&codes(..)).timeout_ms(5000)
///     };
///     inventory::submit! { RegisteredTool(&__DEFINITION, option_env!("CARGO_PKG_NAME")) }
///     macro_rules! __tool_name_weather_is_taken_write_another_one { () => {} }
///     &__DEFINITION
/// }
/// ```
///
/// The snapshot `snapshots/tool.rs` has the whole of it, with paths.
pub(crate) fn tool(tool: &Tool) -> TokenStream {
    let private = private(tool.options.krate.as_ref());
    let register = function::register(&quote!(RegisteredTool), &private);
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
    let private = private(tool.options.krate.as_ref());
    let ty = quote!(#private::ToolDef);
    definition(&tool.function, ATTRIBUTE, &ty, &quote!(#private::ToolDef::BROKEN), &TokenStream::new())
}

/// The definition itself.
pub(super) fn value(tool: &Tool, private: &TokenStream) -> TokenStream {
    let definition = Definition {
        function: &tool.function,
        name: &tool.name,
        blocking: tool.options.blocking.as_ref(),
        ty: quote!(#private::ToolDef),
        new: "answering",
        described: "output",
        this: definition::this("__tool"),
        check: "check_parameter",
    };
    let published = published::checks(tool, &definition.this, private);
    definition::value(&definition, published.as_ref(), &options::options(&tool.options, private), private)
}

/// The claim of the tool's name.
pub(super) fn claim(tool: &Tool) -> Option<TokenStream> {
    definition::claim("tool_name", &tool.name)
}
