//! The words of `#[tool(..)]`, as calls of `ToolDef`'s methods.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::ToolWords;

pub(super) fn words(words: &ToolWords) -> TokenStream {
    // All of them, so that none is forgotten: the last three are rendered elsewhere.
    let ToolWords {
        title,
        version,
        tags,
        allow,
        hints,
        timeout_ms,
        concurrency,
        blocking: _,
        schema: _,
        krate: _,
    } = words;
    let title = title.iter().map(|title| quote!(.title(#title)));
    let version = version.iter().map(|version| quote!(.version(#version)));
    let tags = (!tags.is_empty()).then(|| quote!(.tags(&[#(#tags),*])));
    let allow = allow.iter().map(|callers| quote!(.allow(&[#(#callers),*])));
    let hints = hints.iter().map(|(hint, yes)| quote!(.#hint(#yes)));
    let timeout = timeout_ms.iter().map(|milliseconds| quote!(.timeout_ms(#milliseconds)));
    let concurrency = concurrency.iter().map(|calls| quote!(.concurrency(#calls)));
    quote!(#(#title)* #(#version)* #tags #(#allow)* #(#hints)* #(#timeout)* #(#concurrency)*)
}
