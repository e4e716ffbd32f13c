//! Checks a card for missing and invalid values.

use syn::LitStr;

use crate::diag::Errors;
use crate::model::card::Card;
use crate::validate;

pub(crate) fn card(card: &Card, errors: &Errors) {
    if card.is_struct {
        missing(card, errors);
    }
    let options = &card.options;
    if let Some(id) = &options.id
        && let Err(message) = validate::agent(&id.text)
    {
        errors.push(syn::Error::new(id.span, message));
    }
    if let Some(version) = options.version.as_ref().filter(|version| version.value().trim().is_empty()) {
        errors.at(version, "the version is empty; write it as in `version = \"1.0.0\"`");
    }
    let provider = options.provider.iter().map(|(_, url)| url);
    for literal in provider.chain(&options.documentation).chain(&options.icon) {
        address(literal, errors);
    }
}

fn address(literal: &LitStr, errors: &Errors) {
    if let Err(message) = validate::url(&literal.value()) {
        errors.at(literal, message);
    }
}

/// One error for all that is missing: it is one line to write.
fn missing(card: &Card, errors: &Errors) {
    let (mut lacks, mut options) = (Vec::new(), Vec::new());
    if card.description.is_none() {
        lacks.push("a description");
    }
    if !card.options.said_id {
        lacks.push("an `id`");
        options.push(format!("id = \"{}\"", validate::agent_id(&card.ident.to_string())));
    }
    if !card.options.said_version {
        lacks.push("a `version`");
        options.push("version = \"1.0.0\"".to_owned());
    }
    let mut write = Vec::new();
    if card.description.is_none() {
        write.push("what the agent does in a `///` line above".to_owned());
    }
    if !options.is_empty() {
        write.push(format!("`#[card({})]`", options.join(", ")));
    }
    if let Some((last, others)) = lacks.split_last() {
        let lacks =
            if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
        errors.at(&card.ident, format!("a card without {lacks}; write {}", write.join(" and ")));
    }
}
