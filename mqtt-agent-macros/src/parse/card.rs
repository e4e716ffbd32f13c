//! A struct with `#[derive(AgentCard)]`, and its `#[card(..)]`.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, LitStr, Meta};

use super::doc;
use super::option::{self, AttributeOption};
use crate::diag::Errors;
use crate::model::Name;
use crate::model::card::{Card, CardOptions};
use crate::options;

const ATTRIBUTE: &str = "card";

pub(crate) fn card(item: TokenStream, errors: &Errors) -> Option<Card> {
    let input: DeriveInput = syn::parse2(item).map_err(|error| errors.push(error)).ok()?;
    let DeriveInput { attrs, ident, generics, data, .. } = input;
    let mut is_struct = false;
    match &data {
        Data::Struct(data) => {
            is_struct = true;
            for attribute in data.fields.iter().flat_map(|field| &field.attrs).filter(|own| is_card(own)) {
                errors.at(attribute, "`#[card(..)]` is about the agent; write it above the `struct`");
            }
        }
        Data::Enum(data) => errors.at(data.enum_token, no_struct("an enum")),
        Data::Union(data) => errors.at(data.union_token, no_struct("a union")),
    }
    let options = options_of(&attrs, errors);
    let description = doc::summary(&attrs);
    let mut options = card_options(&options, errors);
    if attrs.iter().filter(|own| is_card(own)).any(|own| matches!(own.meta, Meta::NameValue(_))) {
        // What could not be read may have said them.
        (options.said_id, options.said_version) = (true, true);
    }
    Some(Card { ident, generics, is_struct, description, options })
}

fn no_struct(what: &str) -> String {
    format!("an agent is a struct: {what} has no one card for all its values; derive it for a struct")
}

fn is_card(attribute: &Attribute) -> bool {
    attribute.path().is_ident(ATTRIBUTE)
}

fn options_of(attributes: &[Attribute], errors: &Errors) -> Vec<AttributeOption> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_card(attribute)) {
        match &attribute.meta {
            // What is missing is told at the struct.
            Meta::List(list) => all.extend(option::options_with(list.tokens.clone(), options::ID, errors)),
            Meta::Path(_) => {}
            Meta::NameValue(_) => drop(option::in_parentheses(attribute, errors)),
        }
    }
    all
}

fn card_options(all: &[AttributeOption], errors: &Errors) -> CardOptions {
    let mut card = CardOptions::default();
    for option in all {
        let key = option.key();
        match key.as_str() {
            options::ID => {
                card.said_id = true;
                let literal = option.string(errors);
                card.id = literal.map(|literal| Name { text: literal.value(), span: literal.span() });
            }
            options::VERSION => {
                card.said_version = true;
                card.version = option.string(errors);
            }
            options::NAME => card.name = option.text(errors),
            options::PROVIDER => card.provider = provider(option, errors),
            options::TAGS => card.tags = option.strings(errors).unwrap_or_default(),
            options::CAPABILITIES => card.capabilities = option.strings(errors).unwrap_or_default(),
            options::DOCUMENTATION => card.documentation = option.string(errors),
            options::ICON => card.icon = option.string(errors),
            options::CRATE => card.krate = option.path(errors),
            _ => {
                // The option that was meant is not missing as well.
                let meant = options::near(&key, options::CARD);
                card.said_id |= meant == Some(options::ID);
                card.said_version |= meant == Some(options::VERSION);
                errors.at(option.place(), options::unknown(&key, options::CARD));
            }
        }
    }
    option::repeated(all, errors);
    card
}

/// `provider("Organisation", "https://..")`
fn provider(option: &AttributeOption, errors: &Errors) -> Option<(LitStr, LitStr)> {
    let told = errors.count();
    match option.strings(errors)?.as_slice() {
        [organization, url] => Some((organization.clone(), url.clone())),
        _ if errors.count() > told => None,
        _ => {
            let form = "write `provider(\"Organisation\", \"https://..\")`";
            errors.at(option.place(), format!("`provider` takes a name and an address; {form}"));
            None
        }
    }
}
