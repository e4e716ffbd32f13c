//! One parameter in a tool's definition and in its call.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit};

use super::at;
use crate::model::{Arg, Limits, Number};

/// A parameter without a name is none of the caller's, so its name is never on the wire.
fn wire_name(arg: &Arg, index: usize) -> String {
    arg.name.as_ref().map_or_else(|| format!("#{index}"), |name| name.text.clone())
}

/// Takes the value out of a call.
pub(super) fn take(arg: &Arg, index: usize, private: &TokenStream) -> TokenStream {
    let (ty, name) = (&arg.ty, wire_name(arg, index));
    // The trait is named in the same words here and in `definition`: what is no parameter is one error.
    let (there, lent) = (at(ty.span(), private), lent(arg, private));
    let take = quote_spanned!(ty.span()=> <#ty as #there::Param<'_>>::take);
    quote!(call.take({ #lent #take }, #name))
}

/// Its `ArgDef`.
pub(super) fn definition(arg: &Arg, index: usize, private: &TokenStream) -> TokenStream {
    let (name, description) = (wire_name(arg, index), &arg.description);
    let (need, lent) = (need(arg, private), lent(arg, private));
    let words = &arg.words;
    let range = words.range.iter().map(|limits| {
        let bounds = bounds(limits, private);
        quote!(.range(#bounds))
    });
    let length = words.length.iter().map(|limits| {
        let bounds = bounds(limits, private);
        quote!(.length(#bounds))
    });
    let pattern = words.pattern.iter().map(|pattern| quote!(.pattern(#pattern)));
    let default = words.default.iter().map(|value| {
        let value = json(value, arg, private);
        quote!(.default(#value))
    });
    let example = words.example.iter().map(|value| {
        let value = json(value, arg, private);
        quote!(.example(#value))
    });
    quote!(#private::ArgDef::new(#name, #description, { #lent #need }) #(#range)* #(#length)* #(#pattern)* #(#default)* #(#example)*)
}

/// What only const evaluation can tell, each at the token that is wrong.
pub(super) fn checks(arg: &Arg, private: &TokenStream) -> TokenStream {
    let ty = &arg.ty;
    let there = at(ty.span(), private);
    let need = need(arg, private);
    let root = quote_spanned!(ty.span()=> const _: () = #there::RootOf::<#ty>::ROOT.assert_object(););
    let unnamed =
        arg.name.is_none().then(|| quote_spanned!(ty.span()=> const _: () = #there::assert_given(#need);));
    let narrowed = arg.words.span.map(|span: Span| {
        let there = at(span, private);
        let need = at(span, &need);
        quote_spanned!(span=> const _: () = #there::assert_argument(#need);)
    });
    quote!(#root #unnamed #narrowed)
}

fn need(arg: &Arg, private: &TokenStream) -> TokenStream {
    let (ty, there) = (&arg.ty, at(arg.ty.span(), private));
    quote_spanned!(ty.span()=> <#ty as #there::Param<'_>>::NEED)
}

/// A reference that is no parameter is reported as such before the compiler finds its lifetime wanting.
fn lent(arg: &Arg, private: &TokenStream) -> Option<TokenStream> {
    let syn::Type::Reference(reference) = &arg.ty else { return None };
    let (target, there) = (&reference.elem, at(arg.ty.span(), private));
    Some(quote_spanned!(arg.ty.span()=> #there::assert_lent::<#target>();))
}

/// A function that gives a value of the parameter's type as JSON.
fn json(value: &Expr, arg: &Arg, private: &TokenStream) -> TokenStream {
    let ty = &arg.ty;
    let value = match value {
        // `default = "x"` for a `String`.
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            quote_spanned!(value.span()=> ::core::convert::From::from(#value))
        }
        other => quote!(#other),
    };
    quote_spanned! {value.span()=>
        || {
            let value: #ty = #value;
            #private::serde_json::to_value(value)
        }
    }
}

fn bounds(limits: &Limits, private: &TokenStream) -> TokenStream {
    let number = |number: &Option<Number>| match number {
        None => quote!(::core::option::Option::None),
        Some(Number::Int(value)) => quote!(::core::option::Option::Some(#private::Bound::Int(#value))),
        Some(Number::Uint(value)) => quote!(::core::option::Option::Some(#private::Bound::Uint(#value))),
        Some(Number::Float(value)) => quote!(::core::option::Option::Some(#private::Bound::Float(#value))),
    };
    let (min, max, max_excluded) = (number(&limits.min), number(&limits.max), limits.max_excluded);
    quote!(#private::Bounds { min: #min, max: #max, max_excluded: #max_excluded })
}
