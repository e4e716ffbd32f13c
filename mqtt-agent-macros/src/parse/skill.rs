//! `#[skill]`: its words.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{ItemFn, LitStr};

use super::function::{Home, function};
use super::inline::inline;
use super::mark;
use super::tool::not_a_function;
use super::word::{self, Word};
use crate::diag::Errors;
use crate::model::{Name, OnCrash, Skill, SkillWords};
use crate::{names, words};

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
    let words = word::words_with(attribute, words::ID, errors);
    let ItemFn { attrs, vis, sig, .. } = &mut item_fn;
    mark::second(attrs, errors);
    let function = function(KIND, attrs, vis, sig, Home::Module, errors);
    inline(attrs, sig);
    let (id, words) = skill_words(&words, &function.ident, errors);
    Some((item_fn, Skill { function, id, words }))
}

pub(super) fn skill_words(all: &[Word], function: &Ident, errors: &Errors) -> (Name, SkillWords) {
    let mut id = Name { text: function.unraw().to_string(), span: function.span() };
    let mut skill = SkillWords::default();
    for word in all {
        let key = word.key();
        match key.as_str() {
            words::ID => {
                if let Some(literal) = word.string(errors) {
                    id = Name { text: literal.value(), span: literal.span() };
                }
            }
            words::NAME => skill.name = word.text(errors),
            words::TAGS => skill.tags = word.strings(errors).unwrap_or_default(),
            words::EXAMPLES => skill.examples = word.strings(errors).unwrap_or_default(),
            words::INPUT => skill.input = word.strings(errors).unwrap_or_default(),
            words::OUTPUT => skill.output = word.strings(errors).unwrap_or_default(),
            words::TIMEOUT => {
                skill.timeout_ms = word.string_as("5s", errors).and_then(|literal| timeout(&literal, errors));
            }
            words::CONCURRENCY => skill.concurrency = word.positive(errors),
            words::ON_CRASH => {
                skill.on_crash =
                    word.string_as("fail", errors).and_then(|literal| on_crash(&literal, errors));
            }
            words::ATTEMPTS => {
                skill.attempts = word.positive(errors).map(|attempts| (attempts, word.place()));
            }
            words::DEFAULT => skill.default = word.flag(errors) == Some(true),
            words::BLOCKING => {
                if word.flag(errors) == Some(true) {
                    skill.blocking = word.ident().cloned();
                }
            }
            words::LAYER => skill.layers = word.expressions(errors),
            words::CRATE => skill.krate = word.path(errors),
            _ => errors.at(word.ident(), words::unknown(&key, words::SKILL)),
        }
    }
    word::repeated(all, errors);
    (id, skill)
}

fn timeout(literal: &LitStr, errors: &Errors) -> Option<u64> {
    let nothing = "a timeout of nothing lets no task end; give more than 0";
    names::milliseconds(&literal.value(), nothing).map_err(|message| errors.at(literal, message)).ok()
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
