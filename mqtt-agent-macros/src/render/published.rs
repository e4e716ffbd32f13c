//! `#[tool(schema = "weather.json")]`: the compiler's comparison with the file, and a test that compares the rest.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::place::Place;
use crate::model::{Arg, PublishedArgument, Tool};

/// `check_published(&tool, 0, &[PublishedArgument { .. }], KindOf::<u8>::KIND)`, at the type of each parameter; and that
/// the file is part of the program, so that a change of it builds again.
pub(super) fn checks(tool: &Tool, this: &Ident, private: &TokenStream) -> Option<TokenStream> {
    let published = tool.options.schema.as_ref()?;
    let arguments = published.arguments.iter().map(|argument| {
        let PublishedArgument { name, kind, required } = argument;
        let kind = match kind {
            Some(kind) => quote!(::core::option::Option::Some(#kind)),
            None => quote!(::core::option::Option::None),
        };
        quote!(#private::PublishedArgument { name: #name, kind: #kind, required: #required })
    });
    let checks = tool.function.args.iter().enumerate().map(|(index, arg)| {
        let Arg { ty, options, .. } = arg;
        let has_default = options.default.is_some();
        Place::of(ty).around(
            &quote!(#private::check_published),
            TokenStream::new(),
            &quote!((&#this, #index, __PUBLISHED, #private::KindOf::<#ty>::KIND, #has_default);),
        )
    });
    let file = &published.file;
    Some(quote! {
        use #private::AnyKind as _;
        const __PUBLISHED: &[#private::PublishedArgument] = &[#(#arguments),*];
        const _: &str = ::core::include_str!(#file);
        #(#checks)*
    })
}

/// The test of the whole schema; `definition` gives the tool.
pub(super) fn test(tool: &Tool, definition: &TokenStream, private: &TokenStream) -> Option<TokenStream> {
    let file = &tool.options.schema.as_ref()?.file;
    // After the name on the wire, which no other tool has.
    let readable = tool.name.text.replace(['-', '.'], "_");
    let name = format_ident!("the_schema_of_{readable}_is_published", span = Span::mixed_site());
    let shared = &tool.function.shared;
    Some(quote! {
        #(#shared)*
        #[cfg(test)]
        #[test]
        fn #name() {
            #private::check_published_schema(#definition, #file, ::core::include_str!(#file));
        }
    })
}
