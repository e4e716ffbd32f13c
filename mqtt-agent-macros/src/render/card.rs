//! `#[derive(AgentCard)]`: the trait with one constant.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::function;
use super::place::private;
use crate::model::card::Card;
use crate::validate;

/// For
///
/// ```text
/// /// Plans trips.
/// #[derive(AgentCard)]
/// #[card(id = "planner", version = "1.2.0", tags("travel"))]
/// struct Planner;
/// ```
///
/// ```text
/// impl AgentCard for Planner {
///     const CARD: &'static CardDef =
///         &CardDef::new("planner", "Planner", "Plans trips.", "1.2.0", Location::new(file!(), line!())).tags(&["travel"]);
/// }
/// ```
pub(crate) fn card(card: &Card) -> TokenStream {
    let private = private(card.options.krate.as_ref());
    let options = &card.options;
    let id = options.id.as_ref().map_or("", |id| &id.text);
    let in_words = validate::in_words(&card.ident.unraw().to_string());
    let name = options.name.as_ref().map_or(in_words, syn::LitStr::value);
    let version = options.version.as_ref().map_or_else(String::new, syn::LitStr::value);
    let description = function::text(card.description.as_ref(), &private);
    let here = quote_spanned!(card.ident.span()=> (::core::file!(), ::core::line!()));
    let lists = [(&options.tags, quote!(tags)), (&options.capabilities, quote!(capabilities))];
    let lists = lists.into_iter().filter(|(list, _)| !list.is_empty());
    let lists = lists.map(|(list, method)| quote!(.#method(&[#(#list),*])));
    let provider = options.provider.iter().map(|(organization, url)| quote!(.provider(#organization, #url)));
    let documentation = options.documentation.iter().map(|url| quote!(.documentation(#url)));
    let icon = options.icon.iter().map(|url| quote!(.icon(#url)));
    let value = quote! {
        #private::CardDef::new(#id, #name, #description, #version, #private::Location::new #here)
            #(#lists)* #(#provider)* #(#documentation)* #(#icon)*
    };
    implementation(card, &value, &private)
}

/// What stands in for a card that has mistakes, so that code that needs it adds none of its own.
pub(crate) fn stub(card: &Card) -> TokenStream {
    let private = private(card.options.krate.as_ref());
    let value = quote!(#private::CardDef::new("", "", "", "", #private::Location::new("", 0)));
    implementation(card, &value, &private)
}

fn implementation(card: &Card, value: &TokenStream, private: &TokenStream) -> TokenStream {
    let ident = &card.ident;
    let (generics, parameters, bounds) = card.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #generics #private::AgentCard for #ident #parameters #bounds {
            const CARD: &'static #private::CardDef = &#value;
        }
    }
}
