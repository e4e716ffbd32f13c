//! The macros of `mqtt-agent`. Depend on that crate, which re-exports and documents them.
//!
//! A macro's way is one direction: `parse` reads tokens into the `model`, `check` looks at what no single token
//! tells, `render` writes the code. Every mistake on the way goes into `diag`, so that all are told at once.

mod check;
mod diag;
mod model;
mod names;
mod parse;
mod render;
mod template;
mod words;

use proc_macro::TokenStream;

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn tool(words: TokenStream, item: TokenStream) -> TokenStream {
    expand_tool(words.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro]
pub fn tools(list: TokenStream) -> TokenStream {
    render::tools(list.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_derive(ToolError, attributes(tool_error))]
pub fn tool_error(item: TokenStream) -> TokenStream {
    expand_error(item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn test(words: TokenStream, item: TokenStream) -> TokenStream {
    expand_test(words.into(), item.into()).into()
}

/// What `mqtt_agent::test` is without an embedded broker.
#[proc_macro_attribute]
pub fn test_without_broker(_: TokenStream, item: TokenStream) -> TokenStream {
    let errors = diag::Errors::new();
    errors.push(syn::Error::new(
        proc_macro2::Span::call_site(),
        "a test runs its agent on the embedded broker, which is a feature; \
         write `mqtt-agent = { version = \"..\", features = [\"broker\"] }` under `[dev-dependencies]`",
    ));
    errors.finish(item.into()).into()
}

fn expand_test(words: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = diag::Errors::new();
    match parse::test(words, &item, &errors) {
        Some(test) if errors.is_empty() => errors.finish(render::test(&test)),
        // The function itself, so that the mistake is all that is told.
        Some(test) => {
            let function = test.function;
            errors.finish(quote::quote!(#[allow(dead_code)] #function))
        }
        None => errors.finish(item),
    }
}

fn expand_error(item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = diag::Errors::new();
    // A derive gives back what it adds, and not the item.
    let Some(error) = parse::error(item, &errors) else {
        return errors.finish(proc_macro2::TokenStream::new());
    };
    check::error(&error, &errors);
    let rendered = if errors.is_empty() { render::error(&error) } else { render::error_stub(&error) };
    errors.finish(rendered)
}

fn expand_tool(words: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = diag::Errors::new();
    let Some((function, tool)) = parse::tool(words, item.clone(), &errors) else {
        // Not even a function: it goes back as it came, and the errors say why.
        return errors.finish(item);
    };
    check::tool(&tool, &errors);
    let rendered = if errors.is_empty() { render::tool(&tool) } else { render::stub(&tool) };
    errors.finish(quote::quote!(#function #rendered))
}
