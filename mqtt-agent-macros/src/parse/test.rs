//! A function with `#[mqtt_agent::test]`.

use proc_macro2::TokenStream;
use syn::{FnArg, ItemFn, Signature};

use super::tool::timeout;
use super::word;
use crate::diag::Errors;
use crate::model::Test;
use crate::words;

pub(crate) fn test(attribute: TokenStream, item: &TokenStream, errors: &Errors) -> Option<Test> {
    let Ok(mut function) = syn::parse2::<ItemFn>(item.clone()) else {
        errors.at(item, "a test is a function; write `#[mqtt_agent::test]` above an `async fn`");
        return None;
    };
    let (mut agent, mut timeout_ms, mut krate) = (None, None, None);
    let words = word::words_with(attribute, words::AGENT, errors);
    for word in &words {
        match (word.key().as_str(), word.ident()) {
            (words::AGENT, Some(_)) => agent = word.expression(errors),
            (words::AGENT, None) => errors.at(
                word.place(),
                "a test has the name of its function; write `agent = Agent::new(\"..\")` for another agent",
            ),
            (words::TIMEOUT, _) => {
                timeout_ms = word.string_as("5s", errors).and_then(|literal| timeout(&literal, errors));
            }
            (words::CRATE, _) => krate = word.path(errors),
            (key, _) => errors.at(word.place(), words::unknown(key, words::TEST)),
        }
    }
    word::repeated(&words, errors);
    signature(&function.sig, errors);
    let attributes = std::mem::take(&mut function.attrs);
    for attribute in &attributes {
        if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
            errors.at(attribute, "`#[mqtt_agent::test]` makes the test already; remove this attribute");
        }
    }
    let parameters = function.sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some((*typed.ty).clone()),
        FnArg::Receiver(_) => None,
    });
    Some(Test { parameters: parameters.collect(), attributes, agent, timeout_ms, krate, function })
}

fn signature(signature: &Signature, errors: &Errors) {
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, "a test with an agent waits for its answers; write `async fn`");
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(
            receiver,
            "a test is a free function, without `self`; implement `FromTest` for what it needs",
        );
    }
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "nobody says what a generic test is run with; write the types themselves",
        );
    }
    for input in &signature.inputs {
        if let FnArg::Typed(typed) = input
            && let syn::Type::Reference(reference) = &*typed.ty
        {
            errors.at(reference, "a test owns what it is given; remove the `&`");
        }
    }
}
