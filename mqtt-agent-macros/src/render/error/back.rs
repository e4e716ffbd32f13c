//! The conversion back to the error, on the caller's side.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::path;
use crate::model::error::{ErrorType, Kind, Variant};

/// The method of `FromToolError`. Own codes come first; what they do not know is asked of each `transparent` error.
pub(super) fn back(error: &ErrorType, private: &TokenStream) -> TokenStream {
    // Of the macro's own, so that nothing of the user's is in their way.
    let [code, message, data] =
        ["__code", "__message", "__data"].map(|name| Ident::new(name, Span::mixed_site()));
    let own = error.variants.iter().filter(|variant| variant.kind == Kind::Told).map(|variant| {
        let text = &variant.code.text;
        let value = value(error, variant, &data, private);
        quote!(::core::option::Option::Some(#text) => #value,)
    });
    let within = error.variants.iter().filter(|variant| variant.kind == Kind::Transparent).filter_map(|variant| {
        let field = variant.fields.first()?;
        let (path, member, ty) = (path(error, variant), &field.member, &field.ty);
        let within = Ident::new("__within", Span::mixed_site());
        Some(quote! {
            .or_else(|| {
                #private::derived::ErrorOf::<#ty>::READ(#code, #message, #data).map(|#within| #path { #member: #within })
            })
        })
    });
    quote! {
        fn from_tool_error(
            #code: ::core::option::Option<&::core::primitive::str>,
            #message: &::core::primitive::str,
            #data: ::core::option::Option<&#private::RawValue>,
        ) -> ::core::option::Option<Self> {
            let _ = (#message, #data);
            // A closure: data that does not fit ends the search for an own code, not the whole.
            let __own = || -> ::core::option::Option<Self> {
                match #code {
                    #(#own)*
                    _ => ::core::option::Option::None,
                }
            };
            __own()#(#within)*
        }
    }
}

fn value(error: &ErrorType, variant: &Variant, data: &Ident, private: &TokenStream) -> TokenStream {
    let path = path(error, variant);
    if variant.fields.is_empty() {
        return quote!(::core::option::Option::Some(#path {}));
    }
    let kind = if variant.named { quote!(object) } else { quote!(list) };
    let fields = variant.fields.iter().enumerate().map(|(index, field)| {
        let (member, name, ty) = (&field.member, &field.name, &field.ty);
        let codec = quote!(#private::derived::FieldOf::<#ty>::CODEC);
        match variant.named {
            true => quote!(#member: __fields.field(#codec, #name)?),
            false => quote!(#member: __fields.item(#codec, #index)?),
        }
    });
    quote! {
        {
            let __fields = #private::derived::Fields::#kind(#data)?;
            ::core::option::Option::Some(#path { #(#fields),* })
        }
    }
}
