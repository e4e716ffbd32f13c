//! Which attribute of this crate a function has: it can have only one.

use proc_macro2::TokenStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token};

use super::option;
use crate::diag::Errors;
use crate::model::HandlerKind;

/// An attribute that makes something of a function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HandlerAttribute {
    Tool,
    Skill,
    Handler(HandlerKind),
    Event,
}

impl HandlerAttribute {
    fn of(attribute: &Attribute) -> Option<Self> {
        Self::named(attribute.path())
    }

    fn named(path: &Path) -> Option<Self> {
        // The last segment: `#[mqtt_agent::tool]` is the same.
        match path.segments.last()?.ident.to_string().as_str() {
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
pub(super) fn take(
    attributes: &mut Vec<Attribute>,
    errors: &Errors,
) -> Option<(HandlerAttribute, TokenStream)> {
    conditional(attributes, errors);
    let mut found = None;
    for (kind, attribute) in attributes
        .extract_if(.., |attribute| HandlerAttribute::of(attribute).is_some())
        .filter_map(|a| Some((HandlerAttribute::of(&a)?, a)))
    {
        if found.is_some() {
            errors.at(&attribute, "a method is one thing; remove this attribute, or write a second method");
            continue;
        }
        let tokens = option::in_parentheses(&attribute, errors);
        found = Some((kind, tokens));
    }
    found
}

/// Refuses `#[cfg_attr(.., tool)]` on a method: rustc looks into it only when the block was expanded.
pub(super) fn conditional(attributes: &mut Vec<Attribute>, errors: &Errors) {
    let hides_one = |attribute: &mut Attribute| is_conditional(attribute, is_ours);
    for attribute in attributes.extract_if(.., hides_one) {
        let message =
            "an attribute in `cfg_attr` is not seen here; write it alone, and `#[cfg(..)]` beside it";
        errors.at(&attribute, message);
    }
}

/// Whether an attribute is a `cfg_attr` with such an attribute in it.
pub(super) fn is_conditional(attribute: &Attribute, is_meant: impl Fn(&Path) -> bool) -> bool {
    let Some(Meta::List(list)) = attribute.path().is_ident("cfg_attr").then_some(&attribute.meta) else {
        return false;
    };
    let within = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    within.is_ok_and(|within| within.iter().skip(1).any(|meta| is_meant(meta.path())))
}

/// Whether a path is one of our attributes: other crates have attributes of these names, and a path tells theirs.
fn is_ours(path: &Path) -> bool {
    let first = path.segments.first().is_some_and(|segment| segment.ident == "mqtt_agent");
    HandlerAttribute::named(path).is_some() && (path.segments.len() == 1 || first)
}

/// Takes off a method of a `#[remote]` trait what makes it no tool.
pub(super) fn other_than_tool(attributes: &mut Vec<Attribute>, errors: &Errors) {
    let other = |attribute: &mut Attribute| {
        HandlerAttribute::of(attribute).is_some_and(|kind| kind != HandlerAttribute::Tool)
    };
    for attribute in attributes.extract_if(.., other) {
        errors.at(&attribute, "the methods of a remote are tools; remove this attribute");
    }
}

/// Takes a second attribute of ours off a free function, whose first one is being expanded.
pub(super) fn second(attributes: &mut Vec<Attribute>, errors: &Errors) {
    let ours = |attribute: &mut Attribute| is_ours(attribute.path());
    for attribute in attributes.extract_if(.., ours) {
        errors.at(&attribute, "a function is one thing; remove this attribute, or write a second function");
    }
}
