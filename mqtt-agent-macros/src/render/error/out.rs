//! The conversion of an error for the caller and for the log.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::LitStr;

use super::{all, binding, method_at, pattern};
use crate::model::error::{ErrorType, Kind, Retry, Variant};

/// The methods of `ToolError`.
pub(super) fn methods(error: &ErrorType, private: &TokenStream) -> TokenStream {
    let arms = |arm: &dyn Fn(&Variant) -> (Vec<usize>, TokenStream)| {
        let arms = error.variants.iter().map(|variant| {
            let (needed, value) = arm(variant);
            let pattern = pattern(error, variant, &needed);
            quote!(#pattern => #value,)
        });
        quote!(match *self { #(#arms)* })
    };
    let message = arms(&|variant| message(variant, private));
    let code = arms(&|variant| code(variant, private));
    let retry_after = arms(&|variant| retry_after(variant, private));
    let data = arms(&|variant| data(variant, private));
    let to_failure = arms(&|variant| to_failure(error, variant, private));
    let codes = codes(error, private);
    quote! {
        fn message(&self) -> ::std::string::String {
            #message
        }
        fn code(&self) -> ::core::option::Option<&::core::primitive::str> {
            #code
        }
        fn retry_after(&self) -> ::core::option::Option<::core::time::Duration> {
            #retry_after
        }
        fn data(&self) -> ::core::option::Option<::std::boxed::Box<#private::RawValue>> {
            #data
        }
        fn codes() -> ::std::vec::Vec<#private::ErrorCode> {
            #codes
        }
        fn to_failure(&self) -> #private::Failure {
            #to_failure
        }
    }
}

fn message(variant: &Variant, private: &TokenStream) -> (Vec<usize>, TokenStream) {
    match (variant.kind, own_message(variant, private)) {
        (Kind::Internal, _) => (Vec::new(), quote!(#private::derived::internal_message())),
        (Kind::Transparent, _) => (vec![0], forward(variant, "message", private)),
        (_, Some(own)) => own,
        (_, None) => {
            let this = Ident::new("Self", variant.ident.span());
            let shown =
                method_at(&variant.ident, this, &quote!(#private::derived::MessageOrDisplay), "shown");
            (Vec::new(), quote!(#shown(self)))
        }
    }
}

/// What `"no account `{0}`"` comes to.
fn own_message(variant: &Variant, private: &TokenStream) -> Option<(Vec<usize>, TokenStream)> {
    let message = variant.message.as_ref()?;
    let span = message.literal.span();
    let mut used: Vec<_> = message.template.used.iter().map(|(index, _)| *index).collect();
    used.sort_unstable();
    used.dedup();
    if used.is_empty() {
        let plain = LitStr::new(&message.template.plain, span);
        return Some((used, quote!(::std::borrow::ToOwned::to_owned(#plain))));
    }
    let format = LitStr::new(&message.template.format, span);
    let values = message.template.used.iter().enumerate().map(|(at, (index, printed_by))| {
        let (name, binding) = (format_ident!("field_{at}"), binding(*index));
        let ty = variant.fields.get(*index).map(|field| &field.ty);
        // By traits of ours where there is something to say of a type without rustc's.
        let printed = |printed_by| {
            let printed_by = Ident::new(printed_by, Span::mixed_site());
            let printed = method_at(ty, ty, &quote!(#private::derived::#printed_by), "printed");
            quote!(#printed(#binding))
        };
        let value = match *printed_by {
            "Display" => printed("ForPeople"),
            "Debug" => printed("ForProgrammers"),
            _ => quote!(#binding),
        };
        quote!(#name = #value)
    });
    let text = quote!(::std::format!(#format, #(#values),*));
    Some((used, text))
}

fn code(variant: &Variant, private: &TokenStream) -> (Vec<usize>, TokenStream) {
    match variant.kind {
        Kind::Transparent => (vec![0], forward(variant, "code", private)),
        Kind::Internal => {
            (Vec::new(), quote!(::core::option::Option::Some(#private::ErrorCode::INTERNAL.code)))
        }
        Kind::Told | Kind::Opaque => {
            let code = &variant.code.text;
            (Vec::new(), quote!(::core::option::Option::Some(#code)))
        }
    }
}

fn retry_after(variant: &Variant, private: &TokenStream) -> (Vec<usize>, TokenStream) {
    match (&variant.retry, variant.kind) {
        (_, Kind::Transparent) => (vec![0], forward(variant, "retry_after", private)),
        (Some(Retry::Milliseconds(milliseconds)), _) => {
            let wait = quote!(::core::time::Duration::from_millis(#milliseconds));
            (Vec::new(), quote!(::core::option::Option::Some(#wait)))
        }
        (Some(Retry::Field(index, place)), _) => {
            let binding = binding(*index);
            let ty = variant.fields.get(*index).map(|field| &field.ty);
            let wait = method_at(place, ty, &quote!(#private::derived::RetryAfter), "retry_after");
            (vec![*index], quote!(#wait(#binding)))
        }
        (None, _) => (Vec::new(), quote!(::core::option::Option::None)),
    }
}

fn data(variant: &Variant, private: &TokenStream) -> (Vec<usize>, TokenStream) {
    let none = quote!(::core::option::Option::None);
    match variant.kind {
        Kind::Transparent => (vec![0], forward(variant, "data", private)),
        Kind::Internal | Kind::Opaque => (Vec::new(), none),
        Kind::Told if variant.fields.is_empty() => (Vec::new(), none),
        Kind::Told => {
            let kind = if variant.named { quote!(object) } else { quote!(list) };
            let fields = variant.fields.iter().enumerate().map(|(index, field)| {
                let (name, ty, binding) = (&field.name, &field.ty, binding(index));
                let codec = quote!(#private::derived::FieldOf::<#ty>::CODEC);
                match variant.named {
                    true => quote!(.field(#name, #codec, #binding)),
                    false => quote!(.item(#codec, #binding)),
                }
            });
            (all(variant), quote!(#private::derived::Data::#kind()#(#fields)*.end()))
        }
    }
}

fn to_failure(error: &ErrorType, variant: &Variant, private: &TokenStream) -> (Vec<usize>, TokenStream) {
    match variant.kind {
        Kind::Transparent => (vec![0], forward(variant, "to_failure", private)),
        Kind::Told | Kind::Opaque => (Vec::new(), quote!(#private::derived::failure(self))),
        Kind::Internal => {
            let name = match error.is_enum {
                true => format!("{}::{}", error.ident, variant.ident),
                false => error.ident.to_string(),
            };
            let (message, whole) = match own_message(variant, private) {
                Some((_, text)) => {
                    (quote!(::core::option::Option::Some(#text)), quote!(#private::derived::Saying::Nothing))
                }
                None => (
                    quote!(::core::option::Option::None),
                    quote!((&&&&&#private::derived::Said(self)).said()),
                ),
            };
            let fields = variant.fields.iter().enumerate().map(|(index, field)| {
                let (name, binding) = (&field.name, binding(index));
                quote!((#name, (&&&&&#private::derived::Said(#binding)).said()))
            });
            let failure = quote!(#private::derived::internal(#name, #message, #whole, &[#(#fields),*]));
            let wait = quote!(#private::ToolError::retry_after(self));
            (all(variant), quote!(#private::derived::later(#failure, #wait)))
        }
    }
}

fn codes(error: &ErrorType, private: &TokenStream) -> TokenStream {
    let own = error.variants.iter().filter_map(|variant| {
        let code = match variant.kind {
            Kind::Transparent => return None,
            Kind::Internal => quote!(#private::ErrorCode::INTERNAL),
            Kind::Told | Kind::Opaque => {
                let code = &variant.code.text;
                let message = variant.message.iter().map(|message| {
                    let message = message.literal.value();
                    quote!(.with_message(#message))
                });
                let description = variant.description.iter().map(|text| quote!(.with_description(#text)));
                quote!(#private::ErrorCode::new(#code) #(#message)* #(#description)*)
            }
        };
        let retry = variant.retry.as_ref().map(|_| quote!(.with_retry()));
        Some(quote!(#code #retry))
    });
    let within = error.variants.iter().filter(|variant| variant.kind == Kind::Transparent);
    let within = within.map(|variant| of_error_within(variant, "codes", private));
    quote!(#private::derived::codes(&[#(#own),*], &[#(#within),*]))
}

/// What the error in a `transparent` one says.
fn forward(variant: &Variant, method: &str, private: &TokenStream) -> TokenStream {
    let (method, binding) = (of_error_within(variant, method, private), binding(0));
    quote!(#method(#binding))
}

/// `<Inner as Within>::message`, at the type.
fn of_error_within(variant: &Variant, method: &str, private: &TokenStream) -> TokenStream {
    let Some(field) = variant.fields.first() else { return TokenStream::new() };
    method_at(&field.ty, &field.ty, &quote!(#private::derived::Within), method)
}
