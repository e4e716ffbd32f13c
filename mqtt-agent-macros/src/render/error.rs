//! `#[derive(ToolError)]`: the conversion of each variant for the caller, and back.

mod back;
mod out;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Generics;

use super::place::{Place, private};
use crate::model::error::{ErrorType, Kind, Variant};

/// For
///
/// ```text
/// #[derive(ToolError)]
/// enum BankError {
///     #[tool_error("no account `{0}`", code = "no_account")]
///     NotFound(AccountId),
///     #[tool_error(internal, from)]
///     Db(io::Error),
/// }
/// ```
///
/// this, in short:
///
/// ```text
/// impl ToolError for BankError {
///     fn message(&self) -> String {
///         match *self {
///             Self::NotFound { 0: ref field_0, .. } => format!("no account `{field_0}`"),
///             Self::Db { .. } => derived::internal_message(),
///         }
///     }
///     fn code(&self) -> Option<&str> { .. }
///     fn data(&self) -> Option<Box<RawValue>> {
///         // .. Data::list().item(FieldOf::<AccountId>::CODEC, field_0).end()
///     }
///     fn codes() -> Vec<ErrorCode> { .. }
///     fn to_failure(&self) -> Failure {
///         // .. of `Db`, what the log says: derived::internal("BankError::Db", .., (&&&&&Said(field_0)).said())
///     }
/// }
/// impl FromToolError for BankError { .. }
/// impl From<io::Error> for BankError { .. }
/// ```
pub(crate) fn error(error: &ErrorType) -> TokenStream {
    let private = private(error.krate.as_ref());
    let ident = &error.ident;
    let generics = bounded(error, &private);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let out = out::methods(error, &private);
    let back = back::back(error, &private);
    let from = from(error);
    let (own_impl, own_ty, own_where) = error.generics.split_for_impl();
    quote! {
        #[allow(deprecated)]
        const _: () = {
            // In scope for types that know nothing better of themselves.
            use #private::derived::{
                AnyError as _, AnyField as _, SaidByBox as _, SaidByDebug as _, SaidByDisplay as _, SaidByError as _,
                SaidNothing as _,
            };
            #[automatically_derived]
            impl #impl_generics #private::ToolError for #ident #ty_generics #where_clause {
                #out
            }
            #[automatically_derived]
            impl #own_impl #private::FromToolError for #ident #own_ty #own_where {
                #back
            }
            #from
        };
    }
}

/// What stands in for an error that has mistakes, so that the tools which answer with it add none of their own.
pub(crate) fn stub(error: &ErrorType) -> TokenStream {
    let private = private(error.krate.as_ref());
    let ident = &error.ident;
    let (impl_generics, ty_generics, where_clause) = error.generics.split_for_impl();
    let from = from(error);
    quote! {
        #[allow(deprecated)]
        const _: () = {
            impl #impl_generics #private::ToolError for #ident #ty_generics #where_clause {
                fn message(&self) -> ::std::string::String {
                    ::std::string::String::new()
                }
            }
            impl #impl_generics #private::FromToolError for #ident #ty_generics #where_clause {
                fn from_tool_error(
                    _: ::core::option::Option<&::core::primitive::str>,
                    _: &::core::primitive::str,
                    _: ::core::option::Option<&#private::RawValue>,
                ) -> ::core::option::Option<Self> {
                    ::core::option::Option::None
                }
            }
            #from
        };
    }
}

/// Each `from`, also of a type that has other mistakes: a `?` that needs it is none.
fn from(error: &ErrorType) -> TokenStream {
    let ident = &error.ident;
    let (impl_generics, ty_generics, where_clause) = error.generics.split_for_impl();
    let mut seen: Vec<String> = Vec::new();
    let variants = error.variants.iter().filter(|variant| variant.from);
    variants
        .filter_map(|variant| {
            let [field] = variant.fields.as_slice() else { return None };
            let (path, member, ty) = (path(error, variant), &field.member, &field.ty);
            let text = quote!(#ty).to_string();
            if seen.contains(&text) {
                return None;
            }
            seen.push(text);
            let source = Ident::new("__source", Span::mixed_site());
            Some(quote! {
                #[automatically_derived]
                impl #impl_generics ::core::convert::From<#ty> for #ident #ty_generics #where_clause {
                    fn from(#source: #ty) -> Self {
                        #path { #member: #source }
                    }
                }
            })
        })
        .collect()
}

/// What a generic type needs so that its messages can be written: known only where it is used.
fn bounded(error: &ErrorType, private: &TokenStream) -> Generics {
    let mut generics = error.generics.clone();
    let parameters: Vec<_> = error.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    if parameters.is_empty() {
        return generics;
    }
    let clause = generics.make_where_clause();
    for variant in &error.variants {
        let told = matches!(variant.kind, Kind::Told | Kind::Opaque);
        match &variant.message {
            Some(message) => {
                for (index, printed_by) in &message.template.used {
                    let Some(field) = variant.fields.get(*index) else { continue };
                    let (ty, printed_by) = (&field.ty, Ident::new(printed_by, Span::mixed_site()));
                    if mentions(ty, &parameters) {
                        clause.predicates.push(syn::parse_quote!(#ty: ::core::fmt::#printed_by));
                    }
                }
            }
            None if told => clause.predicates.push(syn::parse_quote!(Self: ::core::fmt::Display)),
            None => {}
        }
        if let (Kind::Transparent, [field]) = (variant.kind, variant.fields.as_slice()) {
            let ty = &field.ty;
            if mentions(ty, &parameters) {
                clause.predicates.push(syn::parse_quote!(#ty: #private::ToolError));
            }
        }
    }
    generics
}

fn mentions(piece: impl quote::ToTokens, parameters: &[Ident]) -> bool {
    piece.into_token_stream().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(ident) => parameters.contains(&ident),
        proc_macro2::TokenTree::Group(group) => mentions(group.stream(), parameters),
        _ => false,
    })
}

/// `Self::NotFound`, or `Self` of a struct.
fn path(error: &ErrorType, variant: &Variant) -> TokenStream {
    let ident = &variant.ident;
    if error.is_enum { quote!(Self::#ident) } else { quote!(Self) }
}

/// `Self::NotFound { 0: ref field_0, .. }` with the fields that are needed.
fn pattern(error: &ErrorType, variant: &Variant, needed: &[usize]) -> TokenStream {
    let path = path(error, variant);
    let fields = variant.fields.iter().enumerate().filter(|(index, _)| needed.contains(index));
    let fields = fields.map(|(index, field)| {
        let (member, binding) = (&field.member, binding(index));
        quote!(#member: ref #binding,)
    });
    quote!(#path { #(#fields)* .. })
}

fn binding(index: usize) -> Ident {
    format_ident!("__field_{index}", span = Span::mixed_site())
}

fn all(variant: &Variant) -> Vec<usize> {
    (0..variant.fields.len()).collect()
}

/// `<Type as Trait>::method` at some tokens of the user's: what the type lacks is reported there, once for all methods.
fn method_at(
    piece: impl quote::ToTokens,
    ty: impl quote::ToTokens,
    of: &TokenStream,
    method: &str,
) -> TokenStream {
    let method = Ident::new(method, Span::mixed_site());
    Place::of(piece).around(&quote!(<), ty, &quote!(as #of>::#method))
}
