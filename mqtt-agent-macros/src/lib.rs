//! The macros of `mqtt-agent`. Depend on that crate, which re-exports and documents them.
//!
//! A macro works in one direction: `parse` reads tokens into the `model`, `check` does the checks that need more than
//! one token, `render` writes the code. Every mistake goes into `diag`, so that all are reported at once.

mod check;
mod diag;
mod message;
mod model;
mod options;
mod parse;
mod render;
mod template;
mod validate;

#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;

use diag::Errors;
use model::HandlerKind;

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn tool(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_tool(options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro]
pub fn tools(list: TokenStream) -> TokenStream {
    render::tools(list.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn skill(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_skill(options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro]
pub fn skills(list: TokenStream) -> TokenStream {
    render::skills(list.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_derive(AgentCard, attributes(card))]
pub fn agent_card(item: TokenStream) -> TokenStream {
    expand_card(item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn on(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_handler(HandlerKind::On, options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn request(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_handler(HandlerKind::Request, options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn event(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_event(options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro]
pub fn handlers(list: TokenStream) -> TokenStream {
    render::handlers(list.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn agent(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_agent(options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn remote(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_remote(options.into(), item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro]
pub fn contract(input: TokenStream) -> TokenStream {
    render::contract(input.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_derive(ToolError, attributes(tool_error))]
pub fn tool_error(item: TokenStream) -> TokenStream {
    expand_error(item.into()).into()
}

/// Documented in `mqtt-agent`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    expand_test(options.into(), item.into()).into()
}

/// `mqtt_agent::test` without the feature for the embedded broker.
#[proc_macro_attribute]
pub fn test_without_broker(_: TokenStream, item: TokenStream) -> TokenStream {
    let errors = Errors::new();
    errors.push(syn::Error::new(
        proc_macro2::Span::call_site(),
        "a test runs its agent on the embedded broker, which is a feature; \
         write `mqtt-agent = { version = \"..\", features = [\"broker\"] }` under `[dev-dependencies]`",
    ));
    errors.finish(item.into()).into()
}

// In each of these, what is not even the right kind of item goes back as it came, and the errors say why.

fn expand_test(options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    match parse::test(options, &item, &errors) {
        Some(test) if errors.is_empty() => errors.finish(render::test(&test)),
        // The function itself, so that the mistake is all that is told.
        Some(test) => {
            let function = test.function;
            errors.finish(quote!(#[allow(dead_code)] #function))
        }
        None => errors.finish(item),
    }
}

fn expand_error(item: Tokens) -> Tokens {
    let errors = Errors::new();
    // A derive gives back what it adds, and not the item.
    let Some(error) = parse::error(item, &errors) else {
        return errors.finish(Tokens::new());
    };
    check::error(&error, &errors);
    let rendered = if errors.is_empty() { render::error(&error) } else { render::error_stub(&error) };
    errors.finish(rendered)
}

fn expand_tool(options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    let Some((function, tool)) = parse::tool(options, item.clone(), &errors) else {
        return errors.finish(item);
    };
    check::tool(&tool, &errors);
    let rendered = if errors.is_empty() { render::tool(&tool) } else { render::stub(&tool) };
    errors.finish(quote!(#function #rendered))
}

fn expand_skill(options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    let Some((function, skill)) = parse::skill(options, item.clone(), &errors) else {
        return errors.finish(item);
    };
    check::skill(&skill, &errors);
    let rendered = if errors.is_empty() { render::skill(&skill) } else { render::skill_stub(&skill) };
    errors.finish(quote!(#function #rendered))
}

fn expand_card(item: Tokens) -> Tokens {
    let errors = Errors::new();
    // A derive gives back what it adds, and not the item.
    let Some(card) = parse::card(item, &errors) else { return errors.finish(Tokens::new()) };
    check::card(&card, &errors);
    let rendered = if errors.is_empty() { render::card(&card) } else { render::card_stub(&card) };
    errors.finish(rendered)
}

fn expand_handler(kind: HandlerKind, options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    let Some((function, handler)) = parse::handler(kind, options, item.clone(), &errors) else {
        return errors.finish(if parse::is_declaration(&item) { Tokens::new() } else { item });
    };
    check::handler(&handler, &errors);
    let rendered = if errors.is_empty() { render::handler(&handler) } else { render::handler_stub(&handler) };
    errors.finish(quote!(#function #rendered))
}

fn expand_event(options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    // A declaration can't go back: it is no item of Rust.
    let event = parse::event(options, item, &errors);
    let rendered = event.map(|event| {
        check::event(&event, &errors);
        // With mistakes too: who publishes it is not to blame.
        render::event(&event)
    });
    errors.finish(rendered.unwrap_or_default())
}

fn expand_agent(options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    let Some(agent) = parse::agent(options, item.clone(), &errors) else { return errors.finish(item) };
    check::agent(&agent, &errors);
    let rendered = match (&agent.item.trait_, errors.is_empty()) {
        (_, false) => render::block(&agent),
        (None, true) => render::agent(&agent),
        (Some(_), true) => render::served(&agent),
    };
    errors.finish(rendered)
}

fn expand_remote(options: Tokens, item: Tokens) -> Tokens {
    let errors = Errors::new();
    let Some(remote) = parse::remote(options, item.clone(), &errors) else { return errors.finish(item) };
    check::remote(&remote, &errors);
    let rendered = if errors.is_empty() { render::remote(&remote) } else { render::trait_alone(&remote) };
    errors.finish(rendered)
}
