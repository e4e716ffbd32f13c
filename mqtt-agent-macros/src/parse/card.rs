//! A struct with `#[derive(AgentCard)]`, and its `#[card(..)]`.

use proc_macro2::TokenStream;
use syn::{Attribute, Data, DeriveInput, LitStr, Meta};

use super::doc;
use super::word::{self, Word};
use crate::diag::Errors;
use crate::model::Name;
use crate::model::card::{Card, CardWords};
use crate::words;

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
    let words = words_of(&attrs, errors);
    let description = doc::summary(&attrs);
    let mut words = card_words(&words, errors);
    if attrs.iter().filter(|own| is_card(own)).any(|own| matches!(own.meta, Meta::NameValue(_))) {
        // What could not be read may have said them.
        (words.said_id, words.said_version) = (true, true);
    }
    Some(Card { ident, generics, is_struct, description, words })
}

fn no_struct(what: &str) -> String {
    format!("an agent is a struct: {what} has no one card for all its values; derive it for a struct")
}

fn is_card(attribute: &Attribute) -> bool {
    attribute.path().is_ident(ATTRIBUTE)
}

fn words_of(attributes: &[Attribute], errors: &Errors) -> Vec<Word> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| is_card(attribute)) {
        match &attribute.meta {
            // What is missing is told at the struct.
            Meta::List(list) => all.extend(word::words_with(list.tokens.clone(), words::ID, errors)),
            Meta::Path(_) => {}
            Meta::NameValue(_) => drop(word::in_parentheses(attribute, errors)),
        }
    }
    all
}

fn card_words(all: &[Word], errors: &Errors) -> CardWords {
    let mut card = CardWords::default();
    for word in all {
        let key = word.key();
        match key.as_str() {
            words::ID => {
                card.said_id = true;
                let literal = word.string(errors);
                card.id = literal.map(|literal| Name { text: literal.value(), span: literal.span() });
            }
            words::VERSION => {
                card.said_version = true;
                card.version = word.string(errors);
            }
            words::NAME => card.name = word.text(errors),
            words::PROVIDER => card.provider = provider(word, errors),
            words::TAGS => card.tags = word.strings(errors).unwrap_or_default(),
            words::CAPABILITIES => card.capabilities = word.strings(errors).unwrap_or_default(),
            words::DOCUMENTATION => card.documentation = word.string(errors),
            words::ICON => card.icon = word.string(errors),
            words::CRATE => card.krate = word.path(errors),
            _ => {
                // The word that was meant is not missing as well.
                let meant = words::near(&key, words::CARD);
                card.said_id |= meant == Some(words::ID);
                card.said_version |= meant == Some(words::VERSION);
                errors.at(word.place(), words::unknown(&key, words::CARD));
            }
        }
    }
    word::repeated(all, errors);
    card
}

/// `provider("Organisation", "https://..")`
fn provider(word: &Word, errors: &Errors) -> Option<(LitStr, LitStr)> {
    let told = errors.count();
    match word.strings(errors)?.as_slice() {
        [organization, url] => Some((organization.clone(), url.clone())),
        _ if errors.count() > told => None,
        _ => {
            let form = "write `provider(\"Organisation\", \"https://..\")`";
            errors.at(word.place(), format!("`provider` takes a name and an address; {form}"));
            None
        }
    }
}
