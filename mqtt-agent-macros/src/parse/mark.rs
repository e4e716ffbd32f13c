//! Which of our attributes a function has: it is one thing, so it has one of them.

use proc_macro2::TokenStream;
use syn::Attribute;

use super::word;
use crate::diag::Errors;
use crate::model::HandlerKind;

/// An attribute that makes something of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Tool,
    Skill,
    Handler(HandlerKind),
    Event,
}

impl Mark {
    fn of(attribute: &Attribute) -> Option<Self> {
        // The last segment: `#[mqtt_agent::tool]` is the same.
        match attribute.path().segments.last()?.ident.to_string().as_str() {
            "tool" => Some(Self::Tool),
            "skill" => Some(Self::Skill),
            "on" => Some(Self::Handler(HandlerKind::On)),
            "request" => Some(Self::Handler(HandlerKind::Request)),
            "event" => Some(Self::Event),
            _ => None,
        }
    }
}

/// Takes our attribute off a method of a block: which one it is, and what is in its parentheses.
pub(super) fn take(attributes: &mut Vec<Attribute>, errors: &Errors) -> Option<(Mark, TokenStream)> {
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

/// Takes off a method of a `#[remote]` trait what makes it no tool.
pub(super) fn other_than_tool(attributes: &mut Vec<Attribute>, errors: &Errors) {
    let other = |attribute: &mut Attribute| Mark::of(attribute).is_some_and(|mark| mark != Mark::Tool);
    for attribute in attributes.extract_if(.., other) {
        errors.at(&attribute, "the methods of a remote are tools; remove this attribute");
    }
}

/// Takes a second attribute of ours off a free function, whose first one is being expanded.
pub(super) fn second(attributes: &mut Vec<Attribute>, errors: &Errors) {
    // Other crates have attributes of these names, and a path tells theirs.
    let ours = |attribute: &mut Attribute| {
        let path = attribute.path();
        let first = path.segments.first().is_some_and(|segment| segment.ident == "mqtt_agent");
        Mark::of(attribute).is_some() && (path.segments.len() == 1 || first)
    };
    for attribute in attributes.extract_if(.., ours) {
        errors.at(&attribute, "a function is one thing; remove this attribute, or write a second function");
    }
}
