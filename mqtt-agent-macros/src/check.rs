//! What no single token tells: names that clash, words that do not go together.

mod error;

pub(crate) use error::error;

use crate::diag::Errors;
use crate::model::Tool;
use crate::{names, words};

pub(crate) fn tool(tool: &Tool, errors: &Errors) {
    if let Err(message) = names::tool(&tool.name.text) {
        errors.push(syn::Error::new(tool.name.span, message));
    }
    if tool.description.is_none() {
        let message = "a tool without a description: models choose tools by it; write what it does in a `///` line above";
        errors.at(&tool.ident, message);
    }
    if let (Some(blocking), true) = (&tool.words.blocking, tool.is_async) {
        errors.at(blocking, "`blocking` is for a `fn` that is not `async`; remove it, or remove `async`");
    }
    let said = |word| tool.words.hints.iter().find(|(hint, yes)| hint == word && *yes);
    if let (Some(_), Some((destructive, _))) = (said(words::READ_ONLY), said(words::DESTRUCTIVE)) {
        errors.at(
            destructive,
            "a `read_only` tool changes nothing, so it cannot be `destructive`; remove one of them",
        );
    }
    for caller in tool.words.allow.iter().flatten() {
        if let Err(message) = names::caller(&caller.value()) {
            errors.at(caller, message);
        }
    }
    arguments(tool, errors);
}

fn arguments(tool: &Tool, errors: &Errors) {
    let mut seen: Vec<(&str, bool)> = Vec::new();
    for arg in &tool.args {
        let Some(name) = &arg.name else { continue };
        if let Err(message) = names::argument(&name.text) {
            errors.push(syn::Error::new(name.span, message));
        }
        // Two parameters with one identifier are the compiler's own error.
        if seen.iter().any(|(text, renamed)| *text == name.text && (*renamed || arg.renamed)) {
            let message = format!("two arguments are called `{}`; give one of them another name", name.text);
            errors.push(syn::Error::new(name.span, message));
        }
        seen.push((&name.text, arg.renamed));
    }
    for arg in &tool.args {
        if let syn::Type::ImplTrait(ty) = &arg.ty {
            errors.at(ty, "an argument has one type, and `impl Trait` names none; write the type");
        }
    }
    match &tool.reply {
        syn::Type::ImplTrait(ty) => {
            errors.at(ty, "a reply has one type, and `impl Trait` names none; write the type")
        }
        syn::Type::Never(ty) => errors.at(ty, "a tool answers its caller; write the type of the answer"),
        _ => {}
    }
}
