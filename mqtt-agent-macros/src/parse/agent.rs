//! `#[agent] impl`: removes the attributes of this crate from the methods, and reads them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{ImplItem, ImplItemFn, ItemImpl, LitStr};

use super::attribute::{HandlerAttribute, take};
use super::function::{Home, function};
use super::inline::inline;
use super::topic::{Declaration, event_of, handler_of};
use super::{option, skill, tool};
use crate::diag::Errors;
use crate::model::{Agent, Name, Part, Skill, Tool};
use crate::options;

pub(crate) fn agent(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<Agent> {
    let Ok(mut item) = syn::parse2::<ItemImpl>(item.clone()) else {
        let message = "`#[agent]` is for an `impl` block; write it above the one with the methods";
        errors.push(syn::Error::new_spanned(item, message));
        return None;
    };
    let (mut id, mut krate) = (None, None);
    let (mut part, mut parts) = (Part::No, Vec::new());
    let all = option::options(attribute, errors);
    for option in &all {
        match option.key().as_str() {
            options::ID => id = option.string(errors),
            options::NAME if option.bare().is_some() => id = option.bare().cloned(),
            options::PART => part = option.text(errors).map_or(Part::Unknown, |text| Part::Named(name(text))),
            options::PARTS => {
                parts = option.strings(errors).unwrap_or_default().into_iter().map(name).collect()
            }
            options::CRATE => krate = option.path(errors),
            key => {
                // What was meant as a part must not be taken for a second block without `part`.
                if options::near(key, options::AGENT_BLOCK) == Some(options::PART) {
                    part = Part::Unknown;
                }
                errors.at(option.ident(), options::unknown(key, options::AGENT_BLOCK));
            }
        }
    }
    option::repeated(&all, errors);
    let id = id.map(name);

    let (mut tools, mut skills) = (Vec::new(), Vec::new());
    let (mut handlers, mut events) = (Vec::new(), Vec::new());
    let through = quote!(Self::);
    let home = Home::Block { through: &through };
    for member in std::mem::take(&mut item.items) {
        match member {
            ImplItem::Fn(mut method) => {
                if let Some((kind, attribute)) = take(&mut method.attrs, errors) {
                    match kind {
                        HandlerAttribute::Tool => tools.push(tool_of(attribute, &mut method, home, errors)),
                        HandlerAttribute::Skill => {
                            skills.push(skill_of(attribute, &mut method, home, errors))
                        }
                        HandlerAttribute::Handler(kind) => {
                            let ImplItemFn { attrs, vis, sig, .. } = &mut method;
                            handlers.push(handler_of(kind, attribute, attrs, vis, sig, home, errors));
                            inline(attrs, sig);
                        }
                        HandlerAttribute::Event => {
                            errors.at(&method.block, "an event's body is generated; write `;` in its place")
                        }
                    }
                }
                item.items.push(ImplItem::Fn(method));
            }
            ImplItem::Verbatim(tokens) => match syn::parse2::<Declaration>(tokens.clone()) {
                Ok(mut declaration) => match take(&mut declaration.attributes, errors) {
                    Some((HandlerAttribute::Event, attribute)) => {
                        events.extend(event_of(attribute, declaration, home, errors));
                    }
                    Some((kind, _)) => errors.at(&declaration.signature, without_body(kind)),
                    None => item.items.push(ImplItem::Verbatim(tokens)),
                },
                Err(_) => item.items.push(ImplItem::Verbatim(tokens)),
            },
            other => item.items.push(other),
        }
    }
    Some(Agent { item, id, part, parts, tools, skills, handlers, events, krate })
}

fn name(literal: LitStr) -> Name {
    Name { text: literal.value(), span: literal.span() }
}

fn without_body(kind: HandlerAttribute) -> &'static str {
    match kind {
        HandlerAttribute::Tool => "a tool is a function with a body; write one",
        HandlerAttribute::Skill => "a skill is a function with a body; write one",
        _ => "a topic handler is a function with a body; write one, or make it an `#[event]`",
    }
}

fn tool_of(attribute: TokenStream, method: &mut ImplItemFn, home: Home<'_>, errors: &Errors) -> Tool {
    let options = option::options(attribute, errors);
    let ImplItemFn { attrs, vis, sig, .. } = method;
    let function = function(tool::KIND, attrs, vis, sig, home, errors);
    inline(attrs, sig);
    let (name, options) = tool::tool_options(&options, &function.ident, errors);
    Tool { function, name, options }
}

fn skill_of(attribute: TokenStream, method: &mut ImplItemFn, home: Home<'_>, errors: &Errors) -> Skill {
    let options = option::options_with(attribute, options::ID, errors);
    let ImplItemFn { attrs, vis, sig, .. } = method;
    let function = function(skill::KIND, attrs, vis, sig, home, errors);
    inline(attrs, sig);
    let (id, options) = skill::skill_options(&options, &function.ident, errors);
    Skill { function, id, options }
}
