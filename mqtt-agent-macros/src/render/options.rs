//! The options of `#[tool(..)]` as calls of `ToolDef`'s methods, and the option `layer` of all definitions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Expr;

use super::place::Place;
use crate::model::ToolOptions;

pub(super) fn options(options: &ToolOptions, private: &TokenStream) -> TokenStream {
    // All of them, so that none is forgotten: the last three are rendered elsewhere.
    let ToolOptions {
        title,
        version,
        tags,
        allow,
        hints,
        timeout_ms,
        concurrency,
        layers,
        blocking: _,
        schema: _,
        krate: _,
    } = options;
    let title = title.iter().map(|title| quote!(.title(#title)));
    let version = version.iter().map(|version| quote!(.version(#version)));
    let tags = (!tags.is_empty()).then(|| quote!(.tags(&[#(#tags),*])));
    let allow = allow.iter().map(|callers| quote!(.allow(&[#(#callers),*])));
    let hints = hints.iter().map(|(hint, yes)| quote!(.#hint(#yes)));
    let timeout = timeout_ms.iter().map(|milliseconds| quote!(.timeout_ms(#milliseconds)));
    let concurrency = concurrency.iter().map(|calls| quote!(.concurrency(#calls)));
    let layers = self::layers(layers, private);
    quote!(#(#title)* #(#version)* #tags #(#allow)* #(#hints)* #(#timeout)* #(#concurrency)* #layers)
}

/// What makes each layer when an agent is built: a value of the user's is in no `static`.
pub(super) fn layers(layers: &[Expr], private: &TokenStream) -> Option<TokenStream> {
    let makers = layers.iter().map(|layer| {
        // At the user's expression, so that what is no layer is told there.
        let make = Place::of(layer).around(&quote!(#private::layer), TokenStream::new(), &quote!((#layer)));
        quote!(|| #make)
    });
    (!layers.is_empty()).then(|| quote!(.layers(&[#(#makers),*])))
}
