//! What no single token tells: names that clash, words that do not go together.

use syn::spanned::Spanned;

use crate::diag::Errors;
use crate::model::Tool;
use crate::names;

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
    arguments(tool, errors);
}

fn arguments(tool: &Tool, errors: &Errors) {
    let mut seen: Vec<&str> = Vec::new();
    for arg in &tool.args {
        let Some(name) = &arg.name else { continue };
        if let Err(message) = names::argument(&name.text) {
            errors.push(syn::Error::new(name.span, message));
        }
        if seen.contains(&name.text.as_str()) {
            let message = format!("two arguments are called `{}`; give one of them another name", name.text);
            errors.push(syn::Error::new(name.span, message));
        }
        seen.push(&name.text);
    }
    for arg in &tool.args {
        if let syn::Type::ImplTrait(ty) = &arg.ty {
            errors.push(syn::Error::new(
                ty.span(),
                "an argument has one type, and `impl Trait` names none; write the type",
            ));
        }
    }
    if let syn::Type::ImplTrait(ty) = &tool.reply {
        errors.at(ty, "a reply has one type, and `impl Trait` names none; write the type");
    }
}
