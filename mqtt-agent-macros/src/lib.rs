//! The macros of `mqtt-agent`.

use proc_macro::TokenStream;

/// A tool.
#[proc_macro_attribute]
pub fn tool(_words: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// A list of tools.
#[proc_macro]
pub fn tools(_list: TokenStream) -> TokenStream {
    TokenStream::new()
}
