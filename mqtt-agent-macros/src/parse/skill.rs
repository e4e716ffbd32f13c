//! `#[skill]`: its options.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{ItemFn, LitStr};

use super::attribute;
use super::function::{Home, function};
use super::inline::inline;
use super::option::{self, AttributeOption};
use super::tool::not_a_function;
use crate::diag::Errors;
use crate::model::{Name, OnCrash, Skill, SkillOptions};
use crate::{options, validate};

/// How messages call it.
pub(super) const KIND: &str = "a skill";

/// A function with `#[skill]`: the function as it goes back to the user, and the model of it.
pub(crate) fn skill(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<(ItemFn, Skill)> {
    let mut item_fn: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(not_a_function(KIND, "skill", &item).unwrap_or(error));
            return None;
        }
    };
    let options = option::options_with(attribute, options::ID, errors);
    let ItemFn { attrs, vis, sig, .. } = &mut item_fn;
    attribute::second(attrs, errors);
    let function = function(KIND, attrs, vis, sig, Home::Module, errors);
    inline(attrs, sig);
    let (id, options) = skill_options(&options, &function.ident, errors);
    Some((item_fn, Skill { function, id, options }))
}

pub(super) fn skill_options(
    all: &[AttributeOption],
    function: &Ident,
    errors: &Errors,
) -> (Name, SkillOptions) {
    let mut id = Name { text: function.unraw().to_string(), span: function.span() };
    let mut skill = SkillOptions::default();
    for option in all {
        let key = option.key();
        match key.as_str() {
            options::ID => {
                if let Some(literal) = option.string(errors) {
                    id = Name { text: literal.value(), span: literal.span() };
                }
            }
            options::NAME => skill.name = option.text(errors),
            options::TAGS => skill.tags = option.strings(errors).unwrap_or_default(),
            options::EXAMPLES => skill.examples = option.strings(errors).unwrap_or_default(),
            options::INPUT => skill.input = option.strings(errors).unwrap_or_default(),
            options::OUTPUT => skill.output = option.strings(errors).unwrap_or_default(),
            options::TIMEOUT => {
                skill.timeout_ms =
                    option.string_as("5s", errors).and_then(|literal| timeout(&literal, errors));
            }
            options::CONCURRENCY => skill.concurrency = option.positive(errors),
            options::ON_CRASH => {
                skill.on_crash =
                    option.string_as("fail", errors).and_then(|literal| on_crash(&literal, errors));
            }
            options::ATTEMPTS => {
                skill.attempts = option.positive(errors).map(|attempts| (attempts, option.place()));
            }
            options::DEFAULT => skill.default = option.flag(errors) == Some(true),
            options::BLOCKING => {
                if option.flag(errors) == Some(true) {
                    skill.blocking = option.ident().cloned();
                }
            }
            options::LAYER => skill.layers = option.expressions(errors),
            options::CRATE => skill.krate = option.path(errors),
            _ => errors.at(option.ident(), options::unknown(&key, options::SKILL)),
        }
    }
    option::repeated(all, errors);
    (id, skill)
}

fn timeout(literal: &LitStr, errors: &Errors) -> Option<u64> {
    let nothing = "a timeout of nothing lets no task end; give more than 0";
    validate::milliseconds(&literal.value(), nothing).map_err(|message| errors.at(literal, message)).ok()
}

fn on_crash(literal: &LitStr, errors: &Errors) -> Option<OnCrash> {
    match literal.value().as_str() {
        "retry" => Some(OnCrash::Retry),
        "fail" => Some(OnCrash::Fail),
        other => {
            let choice = "write \"retry\" to work on the task again, or \"fail\"";
            errors.at(literal, format!("`{other}` says nothing of what happens after a crash; {choice}"));
            None
        }
    }
}
