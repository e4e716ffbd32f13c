//! One parameter in a tool's definition and in its call.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Lit};

use crate::model::{Arg, Limits, Number};

/// A parameter without a name is none of the caller's, so its name is never on the wire.
fn wire_name(arg: &Arg, index: usize) -> String {
    arg.name.as_ref().map_or_else(|| format!("#{index}"), |name| name.text.clone())
}

/// Takes the value out of a call.
pub(super) fn take(arg: &Arg, index: usize, private: &TokenStream) -> TokenStream {
    let (ty, name) = (&arg.ty, wire_name(arg, index));
    // The trait is named in the same words here and in `definition`: what is no parameter is one error.
    let take = quote_spanned!(ty.span()=> <#ty as #private::Param<'_>>::take);
    quote!(call.take(#take, #name))
}

/// Its `ArgDef`.
pub(super) fn definition(arg: &Arg, index: usize, private: &TokenStream) -> TokenStream {
    let (ty, name, description) = (&arg.ty, wire_name(arg, index), &arg.description);
    let need = quote_spanned!(ty.span()=> <#ty as #private::Param<'_>>::NEED);
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
    quote!(#private::ArgDef::new(#name, #description, #need) #(#range)* #(#length)* #(#pattern)* #(#default)* #(#example)*)
}

/// What only const evaluation can tell, each at the token that is wrong.
pub(super) fn checks(arg: &Arg, private: &TokenStream) -> TokenStream {
    let ty = &arg.ty;
    let root = quote_spanned!(ty.span()=> const _: () = #private::RootOf::<#ty>::ROOT.assert_object(););
    let unnamed = arg.name.is_none().then(|| {
        quote_spanned!(ty.span()=> const _: () = #private::assert_given(<#ty as #private::Param<'_>>::NEED);)
    });
    let narrowed = arg.words.span.map(|span: Span| {
        let need = quote_spanned!(ty.span()=> <#ty as #private::Param<'_>>::NEED);
        quote_spanned!(span=> const _: () = #private::assert_argument(#need);)
    });
    quote!(#root #unnamed #narrowed)
}

/// A function that gives a value of the parameter's type as JSON.
fn json(value: &Expr, arg: &Arg, private: &TokenStream) -> TokenStream {
    let ty = &arg.ty;
    let value = match value {
        // `default = "x"` for a `String`.
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => quote_spanned!(value.span()=> ::core::convert::From::from(#value)),
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
