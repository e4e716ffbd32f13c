//! The definition of a tool or a skill, which are called with arguments.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{arg, function};
use crate::model::{Function, Name};
use crate::validate;

/// What tells a tool's definition from a skill's.
pub(super) struct Definition<'a> {
    pub(super) function: &'a Function,
    /// On the wire.
    pub(super) name: &'a Name,
    pub(super) blocking: Option<&'a Ident>,
    /// The type of the definition, and what makes one.
    pub(super) ty: TokenStream,
    pub(super) new: &'static str,
    /// What describes its reply.
    pub(super) described: &'static str,
    /// The definition in generated code.
    pub(super) this: Ident,
    /// What checks a parameter of it.
    pub(super) check: &'static str,
}

/// The definition itself; `checks` and `options` are what only this kind has.
pub(super) fn value(
    definition: &Definition<'_>,
    checks: Option<&TokenStream>,
    options: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let Definition { function, name, blocking, ty, new, described, this, check } = definition;
    let new = Ident::new(new, Span::call_site());
    // Said once in short: the path stands here some thirty times, which costs users time whenever they compile.
    let (runtime, private) = (private, &quote!(__mqtt_agent));
    let args = || function.args.iter().enumerate();
    let definitions = args().map(|(index, arg)| arg::definition(arg, index, private));
    let arg_checks = args().map(|(index, arg)| arg::checks(arg, index, this, check, private));
    let name = &name.text;
    let description = function::description(function, private);
    let (schema, value) = function::described(function, described, private);
    let handler = function::handler(function, *blocking, &value, private);
    let location = function::location(function, private);
    let errors = function::errors(function, private);
    quote! {
        {
            use #runtime as #private;
            // In scope for types that `ReplyOf` and `RootOf` know nothing better of.
            use #private::{AnyRoot as _, PlainReply as _};
            let #this = #ty::#new(
                #name,
                #description,
                &[#(#definitions),*],
                #schema,
                #handler,
                #location,
            );
            #(#arg_checks)*
            #checks
            #this #errors #options
        }
    }
}

/// A macro that has the name in its own: rustc refuses a second one in the crate, and marks both names. `what` is
/// `tool_name` or `skill_id`.
///
/// ```text
/// #[macro_export]
/// macro_rules! __tool_name_weather_is_taken_write_another_one { () => {} }
/// ```
///
/// Exported, because others may be defined twice; in the body of the hidden function, because a macro can be in any.
pub(super) fn claim(what: &str, name: &Name) -> Option<TokenStream> {
    let span = name.span;
    let claim = Ident::new(&validate::claim(what, &name.text), span);
    cfg!(feature = "unique-names").then(|| {
        quote_spanned! {span=>
            #[doc(hidden)]
            #[allow(non_local_definitions)]
            #[macro_export]
            macro_rules! #claim { () => {}; }
        }
    })
}

/// The definition's name in generated code: one that no constant of the user's has, for that would be a pattern.
pub(super) fn this(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
