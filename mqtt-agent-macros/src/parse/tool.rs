//! `#[tool]`: its words.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{ItemFn, LitStr};

use super::function::{Home, Kind, function};
use super::inline::inline;
use super::word::{self, Word};
use super::{mark, published};
use crate::diag::Errors;
use crate::model::{Name, Tool, ToolWords};
use crate::{names, words};

/// How messages call it.
pub(super) const KIND: &str = "a tool";

/// A function with `#[tool]`: the function as it goes back to the user, and the model of it.
pub(crate) fn tool(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<(ItemFn, Tool)> {
    let mut item_fn: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(not_a_function(KIND, "tool", &item).unwrap_or(error));
            return None;
        }
    };
    let words = word::words(attribute, errors);
    let ItemFn { attrs, vis, sig, .. } = &mut item_fn;
    mark::second(attrs, errors);
    let function = function(KIND, attrs, vis, sig, Home::Module, errors);
    inline(attrs, sig);
    let (name, words) = tool_words(&words, &function.ident, errors);
    Some((item_fn, Tool { function, name, words }))
}

/// What to say of what is no function with a body.
pub(super) fn not_a_function(kind: Kind, attribute: &str, item: &TokenStream) -> Option<syn::Error> {
    if syn::parse2::<syn::TraitItemFn>(item.clone()).is_ok() {
        let message = format!("{kind} is a function with a body; write `#[{attribute}]` above that one");
        return Some(syn::Error::new_spanned(item, message));
    }
    let item: syn::Item = syn::parse2(item.clone()).ok()?;
    let message = format!("`#[{attribute}]` is for a free function; write it above an `fn`");
    Some(syn::Error::new_spanned(item, message))
}

pub(super) fn tool_words(all: &[Word], function: &Ident, errors: &Errors) -> (Name, ToolWords) {
    let mut name = Name { text: function.unraw().to_string(), span: function.span() };
    let mut tool = ToolWords::default();
    for word in all {
        let key = word.key();
        match key.as_str() {
            words::NAME => {
                if let Some(literal) = word.string(errors) {
                    name = Name { text: literal.value(), span: literal.span() };
                }
            }
            words::TITLE => tool.title = word.text(errors),
            words::VERSION => tool.version = word.text(errors),
            words::READ_ONLY | words::DESTRUCTIVE | words::IDEMPOTENT | words::OPEN_WORLD => {
                if let (Some(yes), Some(ident)) = (word.flag(errors), word.ident()) {
                    tool.hints.push((ident.clone(), yes));
                }
            }
            words::TIMEOUT => {
                tool.timeout_ms = word.string_as("5s", errors).and_then(|literal| timeout(&literal, errors))
            }
            words::CONCURRENCY => tool.concurrency = word.positive(errors),
            words::ALLOW => tool.allow = word.strings(errors),
            words::TAGS => tool.tags = word.strings(errors).unwrap_or_default(),
            words::BLOCKING => {
                if word.flag(errors) == Some(true) {
                    tool.blocking = word.ident().cloned();
                }
            }
            words::SCHEMA => {
                tool.schema = word.text(errors).and_then(|file| published::read(&file, errors));
            }
            words::LAYER => tool.layers = word.expressions(errors),
            words::CRATE => tool.krate = word.path(errors),
            _ => errors.at(word.ident(), words::unknown(&key, words::TOOL)),
        }
    }
    word::repeated(all, errors);
    (name, tool)
}

pub(super) fn timeout(literal: &LitStr, errors: &Errors) -> Option<u64> {
    let nothing = "a timeout of nothing lets no call end; give more than 0";
    names::milliseconds(&literal.value(), nothing).map_err(|message| errors.at(literal, message)).ok()
}
