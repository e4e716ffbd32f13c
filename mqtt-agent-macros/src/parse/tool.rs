//! `#[tool]`: its options.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{ItemFn, LitStr};

use super::function::{Home, Kind, function};
use super::inline::inline;
use super::option::{self, AttributeOption};
use super::{attribute, published};
use crate::diag::Errors;
use crate::model::{Name, Tool, ToolOptions};
use crate::{options, validate};

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
    let options = option::options(attribute, errors);
    let ItemFn { attrs, vis, sig, .. } = &mut item_fn;
    attribute::second(attrs, errors);
    let function = function(KIND, attrs, vis, sig, Home::Module, errors);
    inline(attrs, sig);
    let (name, options) = tool_options(&options, &function.ident, errors);
    Some((item_fn, Tool { function, name, options }))
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

pub(super) fn tool_options(
    all: &[AttributeOption],
    function: &Ident,
    errors: &Errors,
) -> (Name, ToolOptions) {
    let mut name = Name { text: function.unraw().to_string(), span: function.span() };
    let mut tool = ToolOptions::default();
    for option in all {
        let key = option.key();
        match key.as_str() {
            options::NAME => {
                if let Some(literal) = option.string(errors) {
                    name = Name { text: literal.value(), span: literal.span() };
                }
            }
            options::TITLE => tool.title = option.text(errors),
            options::VERSION => tool.version = option.text(errors),
            options::READ_ONLY | options::DESTRUCTIVE | options::IDEMPOTENT | options::OPEN_WORLD => {
                if let (Some(yes), Some(ident)) = (option.flag(errors), option.ident()) {
                    tool.hints.push((ident.clone(), yes));
                }
            }
            options::TIMEOUT => {
                tool.timeout_ms = option.string_as("5s", errors).and_then(|literal| timeout(&literal, errors))
            }
            options::CONCURRENCY => tool.concurrency = option.positive(errors),
            options::ALLOW => tool.allow = option.strings(errors),
            options::TAGS => tool.tags = option.strings(errors).unwrap_or_default(),
            options::BLOCKING => {
                if option.flag(errors) == Some(true) {
                    tool.blocking = option.ident().cloned();
                }
            }
            options::SCHEMA => {
                tool.schema = option.text(errors).and_then(|file| published::read(&file, errors));
            }
            options::LAYER => tool.layers = option.expressions(errors),
            options::CRATE => tool.krate = option.path(errors),
            _ => errors.at(option.ident(), options::unknown(&key, options::TOOL)),
        }
    }
    option::repeated(all, errors);
    (name, tool)
}

pub(super) fn timeout(literal: &LitStr, errors: &Errors) -> Option<u64> {
    let nothing = "a timeout of nothing lets no call end; give more than 0";
    validate::milliseconds(&literal.value(), nothing).map_err(|message| errors.at(literal, message)).ok()
}
