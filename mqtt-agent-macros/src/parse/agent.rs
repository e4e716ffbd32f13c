//! `#[agent] impl`: takes the attributes of our own off the methods, and reads each.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl};

use super::function::{Home, function};
use super::inline::inline;
use super::topic::{Declaration, event_of, handler_of};
use super::{tool, word};
use crate::diag::Errors;
use crate::model::{Agent, HandlerKind, Name, Tool};
use crate::words;

/// Which of our attributes a method has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Tool,
    Handler(HandlerKind),
    Event,
}

impl Mark {
    fn of(attribute: &Attribute) -> Option<Self> {
        // The last segment: `#[mqtt_agent::tool]` is the same.
        match attribute.path().segments.last()?.ident.to_string().as_str() {
            "tool" => Some(Self::Tool),
            "on" => Some(Self::Handler(HandlerKind::On)),
            "request" => Some(Self::Handler(HandlerKind::Request)),
            "event" => Some(Self::Event),
            _ => None,
        }
    }
}

pub(crate) fn agent(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<Agent> {
    let Ok(mut item) = syn::parse2::<ItemImpl>(item.clone()) else {
        let message = "`#[agent]` is for an `impl` block; write it above the one with the methods";
        errors.push(syn::Error::new_spanned(item, message));
        return None;
    };
    let (mut id, mut krate) = (None, None);
    let all = word::words(attribute, errors);
    for word in &all {
        match word.key().as_str() {
            words::ID => id = word.string(errors),
            words::NAME if word.bare().is_some() => id = word.bare().cloned(),
            words::CRATE => krate = word.path(errors),
            key => errors.at(word.ident(), words::unknown(key, words::AGENT_BLOCK)),
        }
    }
    word::repeated(&all, errors);
    let id = id.map(|literal| Name { text: literal.value(), span: literal.span() });

    let (mut tools, mut handlers, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let through = quote!(Self::);
    let home = Home::Block { through: &through };
    for member in std::mem::take(&mut item.items) {
        match member {
            ImplItem::Fn(mut method) => {
                if let Some((mark, attribute)) = take(&mut method.attrs, errors) {
                    match mark {
                        Mark::Tool => tools.push(tool_of(attribute, &mut method, home, errors)),
                        Mark::Handler(kind) => {
                            let ImplItemFn { attrs, vis, sig, .. } = &mut method;
                            handlers.push(handler_of(kind, attribute, attrs, vis, sig, home, errors));
                            inline(attrs, sig);
                        }
                        Mark::Event => {
                            errors.at(&method.block, "an event's body is generated; write `;` in its place")
                        }
                    }
                }
                item.items.push(ImplItem::Fn(method));
            }
            ImplItem::Verbatim(tokens) => match syn::parse2::<Declaration>(tokens.clone()) {
                Ok(mut declaration) => match take(&mut declaration.attributes, errors) {
                    Some((Mark::Event, attribute)) => {
                        events.extend(event_of(attribute, declaration, home, errors));
                    }
                    Some((mark, _)) => errors.at(&declaration.signature, without_body(mark)),
                    None => item.items.push(ImplItem::Verbatim(tokens)),
                },
                Err(_) => item.items.push(ImplItem::Verbatim(tokens)),
            },
            other => item.items.push(other),
        }
    }
    Some(Agent { item, id, tools, handlers, events, krate })
}

fn without_body(mark: Mark) -> &'static str {
    match mark {
        Mark::Tool => "a tool is a function with a body; write one",
        _ => "a topic handler is a function with a body; write one, or make it an `#[event]`",
    }
}

fn tool_of(attribute: TokenStream, method: &mut ImplItemFn, home: Home<'_>, errors: &Errors) -> Tool {
    let words = word::words(attribute, errors);
    let ImplItemFn { attrs, vis, sig, .. } = method;
    let function = function(tool::KIND, attrs, vis, sig, home, errors);
    inline(attrs, sig);
    let (name, words) = tool::tool_words(&words, &function.ident, errors);
    Tool { function, name, words }
}

/// Takes our attribute off a method: which one it is, and what is in its parentheses.
fn take(attributes: &mut Vec<Attribute>, errors: &Errors) -> Option<(Mark, TokenStream)> {
    let mut found = None;
    for (mark, attribute) in attributes
        .extract_if(.., |attribute| Mark::of(attribute).is_some())
        .filter_map(|a| Some((Mark::of(&a)?, a)))
    {
        if found.is_some() {
            errors.at(&attribute, "a method is one thing; remove this attribute, or write a second method");
            continue;
        }
        let tokens = word::in_parentheses(&attribute, errors);
        found = Some((mark, tokens));
    }
    found
}
