//! `#[agent] impl`: the block as the user wrote it, and the definitions of what it serves.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, ImplItem, ItemImpl, LitStr, Type};

use super::place::{Place, private};
use super::request_client::request_client;
use super::{event, part, published, skill, tool, topic};
use crate::model::{Agent, Name, Part, Topic};
use crate::validate;

/// What stands in for an agent that has mistakes, so that code that serves it, or publishes its events, adds no mistake of
/// its own.
pub(crate) fn block(agent: &Agent) -> TokenStream {
    let private = private(agent.krate.as_ref());
    let (item, types) = with_generated(agent, &private);
    let empty = quote!(#private::BlockDef::EMPTY);
    let bounds = bounds(agent);
    let stub = match &agent.part {
        // It is no other block either.
        Part::Unknown => TokenStream::new(),
        Part::Named(name) => part::part(agent, name, &bounds, &empty, &private),
        Part::No => {
            let (own, listed) = (&agent.item.self_ty, part::listed(agent, &bounds, &private));
            let (generics, ..) = agent.item.generics.split_for_impl();
            quote! {
                #[doc(hidden)]
                impl #generics #private::OnlyOneAgentBlockIsWithoutPart for #own #bounds {
                    const ID: &'static str = "";
                    const CARD: ::core::option::Option<&'static #private::CardDef> = ::core::option::Option::None;
                    const BLOCKS: &'static [#private::BlockDef] = &[];
                }
                #listed
            }
        }
    };
    quote!(#item #types #stub)
}

/// The block with the methods that are generated, and the types that these give.
fn with_generated(agent: &Agent, private: &TokenStream) -> (ItemImpl, TokenStream) {
    let owner = owner(&agent.item.self_ty);
    let (mut item, mut types) = (agent.item.clone(), TokenStream::new());
    let events = agent.events.iter().map(|event| event::method(event, &owner, private));
    let callers = agent.handlers.iter().filter_map(|handler| request_client(handler, Some(&owner), private));
    for (method, ty) in events.chain(callers) {
        item.items.push(ImplItem::Verbatim(method));
        types.extend(ty);
    }
    (item, types)
}

/// For `#[agent(parts("alarms"))] impl Thermostat { .. }` the block, and
///
/// ```text
/// impl OnlyOneAgentBlockIsWithoutPart for Thermostat {
///     const ID: &'static str = id_of(<Self as OnlyOneAgentBlockIsWithoutPart>::CARD, "thermostat");
///     const CARD: Option<&'static CardDef> = { use NoCard as _; CardOf::<Self>::CARD };
///     const BLOCKS: &'static [BlockDef] = &[
///         BlockDef { claimed: true, tools: &[&{ .. }], skills: &[], handlers: &[&{ .. }], events: &[] },
///         <Self as AgentPart<1>>::BLOCK,
///     ];
/// }
/// impl ListsPart<1> for Thermostat {}
/// inventory::submit! { RegisteredAgent(AgentDef::new(<Thermostat as OnlyOneAgentBlockIsWithoutPart>::ID, ..)) }
/// const _: () = BlockDef::assert_new_part(<Thermostat as OnlyOneAgentBlockIsWithoutPart>::BLOCKS, 1);
/// ```
///
/// and for `#[agent(part = "alarms")] impl Thermostat { .. }` the block, and
///
/// ```text
/// impl AgentPart<1> for Thermostat {
///     const LISTED: () = <Self as ListsPart<1>>::LISTED;
///     const BLOCK: BlockDef = BlockDef { .. };
/// }
/// ```
///
/// The definitions are constants and no statics, so that the block may be generic. rustc evaluates constants of a
/// generic block only where it is used; for all others the last item has their checks done by `cargo check` too, and
/// tells `contract!` of the agent.
pub(crate) fn agent(agent: &Agent) -> TokenStream {
    let private = private(agent.krate.as_ref());
    let (item, types) = with_generated(agent, &private);
    let tools = agent.tools.iter().map(|tool| {
        let (shared, value) = (&tool.function.shared, tool::value(tool, &private));
        // A definition is there when its method is.
        quote!(#(#shared)* &#value)
    });
    let implementation = implementation(agent, &quote!(#item #types), &quote!(&[#(#tools),*]), &private);
    let claims = agent.tools.iter().map(|tool| (&tool.function.shared, tool::claim(tool)));
    let claims = claims.chain(agent.skills.iter().map(|skill| (&skill.function.shared, skill::claim(skill))));
    let claims = claims.map(|(shared, claim)| claim.map(|claim| quote!(#(#shared)* #claim)));
    let own = &agent.item.self_ty;
    let tests = agent.tools.iter().map(|tool| {
        let name = &tool.name.text;
        let definition = quote!(#private::tool_of(<#own as #private::AgentImpl>::DEF, #name));
        published::test(tool, &definition, &private)
    });
    let twice = twice(agent);
    quote! {
        #implementation
        #(#tests)*
        const _: () = {
            #(#claims)*
            #twice
        };
    }
}

/// The user's code, and beside it what the agent serves.
pub(super) fn implementation(
    agent: &Agent,
    item: &TokenStream,
    tools: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let handlers = agent.handlers.iter().map(|handler| {
        let (shared, value) = (&handler.function.shared, topic::value(handler, private));
        quote!(#(#shared)* &#value)
    });
    let skills = agent.skills.iter().map(|skill| {
        let (shared, value) = (&skill.function.shared, skill::value(skill, private));
        quote!(#(#shared)* &#value)
    });
    let events = agent.events.iter().map(|event| {
        let (shared, constant) = (&event.function.shared, event::constant(event));
        quote!(#(#shared)* Self::#constant)
    });
    let claimed = cfg!(feature = "unique-names") && agent.item.trait_.is_none();
    let block = quote! {
        #private::BlockDef {
            claimed: #claimed,
            tools: #tools,
            skills: &[#(#skills),*],
            handlers: &[#(#handlers),*],
            events: &[#(#events),*],
        }
    };
    let implementation = match &agent.part {
        Part::Named(name) => part::part(agent, name, &bounds(agent), &block, private),
        Part::No | Part::Unknown => without_part(agent, &block, private),
    };
    quote!(#item #implementation)
}

/// What the one block that is no part adds for the type.
fn without_part(agent: &Agent, block: &TokenStream, private: &TokenStream) -> TokenStream {
    let own = &agent.item.self_ty;
    let id = match &agent.id {
        Some(id) => id.text.clone(),
        None => validate::agent_id(&owner(own).unraw().to_string()),
    };
    let place = Place::of(own);
    let shared = place.around(&quote!(<), own, &quote!(as #private::Shareable>::SHARED));
    // Beside the constant itself, whose every use rustc would name.
    let check_id = agent.id.as_ref().map(|Name { text, span }| {
        let literal = LitStr::new(text, *span);
        let check = Place::at(*span).around(
            &quote!(#private::check_id),
            TokenStream::new(),
            &quote!((<#own as #private::OnlyOneAgentBlockIsWithoutPart>::CARD, #literal)),
        );
        quote!(const _: () = #check;)
    });
    let bounds = bounds(agent);
    let (listed, blocks) = (part::listed(agent, &bounds, private), part::blocks(agent, private));
    let forced = agent.item.generics.params.is_empty().then(|| {
        let checks = part::checks(agent, private);
        quote! {
            const _: () = #shared;
            #check_id
            #private::inventory::submit! {
                #private::RegisteredAgent(#private::AgentDef::new(
                    <#own as #private::OnlyOneAgentBlockIsWithoutPart>::ID,
                    <#own as #private::OnlyOneAgentBlockIsWithoutPart>::CARD,
                    <#own as #private::OnlyOneAgentBlockIsWithoutPart>::BLOCKS,
                ))
            }
            #checks
        }
    });
    let (generics, ..) = agent.item.generics.split_for_impl();
    quote! {
        #[doc(hidden)]
        impl #generics #private::OnlyOneAgentBlockIsWithoutPart for #own #bounds {
            const ID: &'static str = #private::id_of(<Self as #private::OnlyOneAgentBlockIsWithoutPart>::CARD, #id);
            const CARD: ::core::option::Option<&'static #private::CardDef> = {
                // In scope for a type that has no card.
                use #private::NoCard as _;
                #private::CardOf::<Self>::CARD
            };
            const BLOCKS: &'static [#private::BlockDef] = &[#block, #blocks];
        }
        #listed
        #forced
    }
}

/// What the block asks of its type's parameters, and that handlers can share the type.
fn bounds(agent: &Agent) -> TokenStream {
    let (_, _, own) = agent.item.generics.split_for_impl();
    let own = own.iter().flat_map(|bounds| &bounds.predicates);
    // Of a type without parameters it is known whether it is, and one error says so.
    let shareable = (!agent.item.generics.params.is_empty())
        .then(|| quote!(Self: ::core::marker::Send + ::core::marker::Sync + 'static,));
    quote!(where #(#own,)* #shareable)
}

/// The last name of the type: `Thermostat` of `home::Thermostat<S>`.
fn owner(ty: &Type) -> Ident {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.clone()),
        Type::Group(group) => Some(owner(&group.elem)),
        _ => None,
    }
    .unwrap_or_else(|| format_ident!("Agent"))
}

/// Two handlers of one topic, or two tools or skills of one name: two items of one name, for which rustc marks both places.
fn twice(agent: &Agent) -> TokenStream {
    let topics = agent.handlers.iter().map(|handler| {
        let Topic { literal, template } = &handler.topic;
        (literal.span(), template.filter.as_str(), &*handler.function.shared)
    });
    let topics = doubled(topics, "topic", "has_a_handler_already");
    // With the feature each tool claims its name, and each skill its id, in the whole crate.
    if cfg!(feature = "unique-names") {
        return topics;
    }
    let tools = agent.tools.iter();
    let tools = tools.map(|tool| (tool.name.span, tool.name.text.as_str(), &*tool.function.shared));
    let tools = doubled(tools, "tool_name", "is_taken");
    let skills = agent.skills.iter();
    let skills = skills.map(|skill| (skill.id.span, skill.id.text.as_str(), &*skill.function.shared));
    let skills = doubled(skills, "skill_id", "is_taken");
    quote!(#topics #tools #skills)
}

/// Each under its method's `#[cfg(..)]`: two of which one is there are none.
fn doubled<'a>(
    all: impl Iterator<Item = (Span, &'a str, &'a [Attribute])>,
    what: &str,
    fate: &str,
) -> TokenStream {
    let mut seen: BTreeMap<&str, Vec<(Span, &[Attribute])>> = BTreeMap::new();
    for (span, text, shared) in all {
        seen.entry(text).or_default().push((span, shared));
    }
    let doubled = seen.into_iter().filter(|(_, places)| places.len() > 1);
    let items = doubled.enumerate().flat_map(|(index, (text, places))| {
        let readable: String =
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        // Two texts may read the same.
        let number = if index == 0 { String::new() } else { format!("_{index}") };
        let name = format!("the_{what}_{readable}_{fate}{number}");
        places.into_iter().map(move |(span, shared)| {
            let item = Ident::new(&name, span);
            quote_spanned!(span=> #(#shared)* #[allow(non_snake_case, dead_code)] fn #item() {})
        })
    });
    items.collect()
}
