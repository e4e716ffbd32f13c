//! One parameter in a tool's definition and in its call.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Expr, ExprLit, Ident, Lit};

use super::place::Place;
use crate::model::{Arg, DurationText, Limits, Number};

/// A parameter without a name is none of the caller's, so its name is never on the wire.
pub(super) fn wire_name(arg: &Arg, index: usize) -> String {
    arg.name.as_ref().map_or_else(|| format!("#{index}"), |name| name.text.clone())
}

/// `call.take_2(<u8 as Param<'_>>::take, "days", <Context as BorrowedParam>::take, "cx")`, of parameters and their indexes.
///
/// A placeholder of the topic comes alone: `call.level(<u32 as FromTopicLevel>::read, "room")`.
pub(super) fn take(args: &[(&Arg, usize)], private: &TokenStream) -> TokenStream {
    if let [(Arg { level: Some(level), ty, .. }, _)] = args {
        if let syn::Type::Reference(_) = ty {
            return quote!(call.level_text(#level));
        }
        let read = Place::of(ty).around(&quote!(<), ty, &quote!(as #private::FromTopicLevel>::read));
        return quote!(call.level(#read, #level));
    }
    let method = match args.len() {
        1 => Ident::new("take", Span::call_site()),
        several => format_ident!("take_{several}"),
    };
    let takes = args.iter().map(|(arg, index)| {
        let (take, name) = (of_param(arg, "take", private), wire_name(arg, *index));
        quote!(#take, #name)
    });
    quote!(call.#method(#(#takes),*))
}

/// `ArgDef::new("days", "..", <u8 as Param<'_>>::NEED).range(..)`
pub(super) fn definition(arg: &Arg, index: usize, private: &TokenStream) -> TokenStream {
    let name = wire_name(arg, index);
    let description = match &arg.description {
        literal @ Expr::Lit(_) => quote!(#literal),
        // What only the compiler knows, such as an included file, with the end of its last line.
        other => quote!(#private::trimmed(#other)),
    };
    let need = of_param(arg, "NEED", private);
    let options = &arg.options;
    let range = options.range.iter().map(|limits| {
        let bounds = bounds(limits, private);
        quote!(.range(#bounds))
    });
    let length = options.length.iter().map(|limits| {
        let bounds = bounds(limits, private);
        quote!(.length(#bounds))
    });
    let pattern = options.pattern.iter().map(|pattern| quote!(.pattern(#pattern)));
    let default = options.default.iter().map(|value| {
        let value = json(value, arg, private);
        quote!(.default(#value))
    });
    let example = options.example.iter().map(|value| {
        let value = json(value, arg, private);
        quote!(.example(#value))
    });
    quote! {
        #private::ArgDef::new(#name, #description, #need) #(#range)* #(#length)* #(#pattern)* #(#default)* #(#example)*
    }
}

/// What only the compiler can tell when it evaluates the definition, each at the token that is wrong.
pub(super) fn checks(
    arg: &Arg,
    index: usize,
    this: &Ident,
    check: &str,
    private: &TokenStream,
) -> TokenStream {
    let (ty, check) = (&arg.ty, Ident::new(check, Span::call_site()));
    let place = Place::of(ty);
    let named = arg.name.is_some();
    let parameter = place.around(
        &quote!(#private::#check),
        TokenStream::new(),
        &quote!((#this.args(), #index, #named, #private::RootOf::<#ty>::ROOT)),
    );
    let narrowed = arg.options.place.as_ref().map(|attribute| {
        let place = Place::of(attribute);
        place.around(&quote!(#private::check_narrowed), TokenStream::new(), &quote!((#this.args(), #index);))
    });
    quote!(#parameter; #narrowed)
}

/// The same for the parameter of a topic handler.
pub(super) fn message_check(arg: &Arg, index: usize, handler: &Ident, private: &TokenStream) -> TokenStream {
    let named = arg.name.is_some();
    let place = Place::of(&arg.ty);
    place.around(&quote!(#private::check_message), TokenStream::new(), &quote!((&#handler, #index, #named);))
}

/// `<u8 as Param<'_>>::take`, at the type, or `<Context as BorrowedParam>::take` for a reference. It is the same text
/// wherever a parameter's trait is needed: what is no parameter is one error.
fn of_param(arg: &Arg, item: &str, private: &TokenStream) -> TokenStream {
    let ty = &arg.ty;
    if let Some(lasting) = of_duration(arg, item, private) {
        return lasting;
    }
    let item = Ident::new(item, Span::call_site());
    let (ty, of) = match ty {
        syn::Type::Reference(reference) => (&*reference.elem, quote!(BorrowedParam)),
        ty => (ty, quote!(Param<'_>)),
    };
    Place::of(ty).around(&quote!(<), ty, &quote!(as #private::#of>::#item))
}

/// `<Duration as LastingParam>::take_text`, at the type; `None` for what is no duration as text.
pub(super) fn of_duration(arg: &Arg, item: &str, private: &TokenStream) -> Option<TokenStream> {
    let format = match (arg.options.duration?, item) {
        (DurationText::Text, "NEED") => "TEXT",
        (DurationText::Iso8601, "NEED") => "ISO8601",
        (DurationText::Text, _) => "text",
        (DurationText::Iso8601, _) => "iso8601",
    };
    let item = format_ident!("{item}_{format}");
    let ty = &arg.ty;
    Some(Place::of(ty).around(&quote!(<), ty, &quote!(as #private::LastingParam>::#item)))
}

/// A function that gives a value of the parameter's type as JSON.
fn json(value: &Expr, arg: &Arg, private: &TokenStream) -> TokenStream {
    let ty = &arg.ty;
    let place = Place::of(value);
    if let Some(written) = of_duration(arg, "written", private) {
        return match value {
            // `default = "5s"`: what it is on the wire. The schema is held against it when the agent is built.
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => quote!(|| #private::Written::written(#text)),
            other => quote!(|| #written(#other)),
        };
    }
    let typed = match value {
        // `default = "x"` for a `String`.
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            place.around(&quote!(#private::Worded::worded), TokenStream::new(), &quote!((#value)))
        }
        other => quote!(#other),
    };
    // At the user's expression: a type that cannot be written is reported there.
    let value = Ident::new("__value", place.first);
    let written = place.around(&quote!(#private::Written::written), TokenStream::new(), &quote!((#value)));
    quote! {
        || {
            let #value: #ty = #typed;
            #written
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
