//! From tokens to the model.

mod arg;
mod doc;
mod error;
mod test;
mod word;

pub(crate) use error::error;
pub(crate) use test::test;

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::{FnArg, ItemFn, LitStr, ReturnType, Signature};

use crate::diag::Errors;
use crate::model::{Name, Tool, ToolWords};
use crate::{names, words};
use word::Word;

/// A function with `#[tool]`: the function as it goes back to the user, and the model of it.
pub(crate) fn tool(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<(ItemFn, Tool)> {
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(not_a_function(&item).unwrap_or(error));
            return None;
        }
    };
    let words = word::words(attribute, errors);
    signature(&function.sig, errors);
    let args = function.sig.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(arg::arg(typed, errors)),
        FnArg::Receiver(_) => None,
    });
    let args = args.collect();
    let reply = match &function.sig.output {
        ReturnType::Default => syn::parse_quote_spanned!(function.sig.ident.span()=> ()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let ident = function.sig.ident.clone();
    let (name, words) = tool_words(words, &ident, errors);
    let mut shared: Vec<_> =
        function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
    if function.attrs.iter().any(|attribute| attribute.path().is_ident("deprecated")) {
        shared.push(syn::parse_quote!(#[allow(deprecated)]));
    }
    let tool = Tool {
        shared,
        description: doc::summary(&function.attrs),
        visibility: function.vis.clone(),
        is_async: function.sig.asyncness.is_some(),
        ident,
        args,
        reply,
        name,
        words,
    };
    Some((function, tool))
}

fn not_a_function(item: &TokenStream) -> Option<syn::Error> {
    if syn::parse2::<syn::TraitItemFn>(item.clone()).is_ok() {
        return Some(syn::Error::new_spanned(
            item,
            "a tool is a function with a body; write `#[tool]` above that one",
        ));
    }
    let item: syn::Item = syn::parse2(item.clone()).ok()?;
    Some(syn::Error::new_spanned(item, "`#[tool]` is for a free function; write it above an `fn`"))
}

/// What a tool's function cannot be.
fn signature(signature: &Signature, errors: &Errors) {
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(receiver, "a tool is a free function, without `self`; take what it needs as `State<T>`");
    }
    for parameter in &signature.generics.params {
        errors.at(
            parameter,
            match parameter {
                syn::GenericParam::Lifetime(_) => {
                    "a tool has no lifetimes of its own; write `&Context` without one"
                }
                _ => "a tool is not generic: its schema has one shape; write the type that it is served with",
            },
        );
    }
    if let Some(unsafety) = unsafety(signature) {
        errors.push(syn::Error::new(
            unsafety,
            "a tool is called by others, so it cannot be `unsafe`; wrap what is",
        ));
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a tool is a Rust function; remove `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a tool has a fixed list of parameters; take a `Vec<T>`");
    }
    if let Some(constness) = &signature.constness {
        errors.at(constness, "a tool runs when it is called; remove `const`");
    }
}

fn unsafety(signature: &Signature) -> Option<proc_macro2::Span> {
    let tokens: TokenStream = quote::quote!(#signature);
    tokens
        .into_iter()
        .take_while(|token| token.to_string() != "fn")
        .find(|t| t.to_string() == "unsafe")
        .map(|t| t.span())
}

fn tool_words(all: Vec<Word>, function: &Ident, errors: &Errors) -> (Name, ToolWords) {
    let mut name = Name { text: function.unraw().to_string(), span: function.span() };
    let mut tool = ToolWords::default();
    for word in &all {
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
                tool.timeout_ms = word.string(errors).and_then(|literal| timeout(&literal, errors))
            }
            words::CONCURRENCY => tool.concurrency = word.positive(errors),
            words::ALLOW => tool.allow = word.strings(errors),
            words::TAGS => tool.tags = word.strings(errors).unwrap_or_default(),
            words::BLOCKING => {
                if word.flag(errors) == Some(true) {
                    tool.blocking = word.ident().cloned();
                }
            }
            words::CRATE => tool.krate = word.path(errors),
            _ => errors.at(word.ident(), words::unknown(&key, words::TOOL)),
        }
    }
    word::repeated(&all, errors);
    (name, tool)
}

fn timeout(literal: &LitStr, errors: &Errors) -> Option<u64> {
    let nothing = "a timeout of nothing lets no call end; give more than 0";
    names::milliseconds(&literal.value(), nothing).map_err(|message| errors.at(literal, message)).ok()
}
