//! A function with `#[mqtt_agent::test]`.

use proc_macro2::TokenStream;
use syn::{FnArg, ItemFn, Signature};

use super::option;
use super::tool::timeout;
use crate::diag::Errors;
use crate::model::Test;
use crate::options;

pub(crate) fn test(attribute: TokenStream, item: &TokenStream, errors: &Errors) -> Option<Test> {
    let Ok(mut function) = syn::parse2::<ItemFn>(item.clone()) else {
        errors.at(item, "a test is a function; write `#[mqtt_agent::test]` above an `async fn`");
        return None;
    };
    let (mut agent, mut timeout_ms, mut krate) = (None, None, None);
    let options = option::options_with(attribute, options::AGENT, errors);
    for option in &options {
        match (option.key().as_str(), option.ident()) {
            (options::AGENT, Some(_)) => agent = option.expression(errors),
            (options::AGENT, None) => errors.at(
                option.place(),
                "a test has the name of its function; write `agent = Agent::new(\"..\")` for another agent",
            ),
            (options::TIMEOUT, _) => {
                timeout_ms = option.string_as("5s", errors).and_then(|literal| timeout(&literal, errors));
            }
            (options::CRATE, _) => krate = option.path(errors),
            (key, _) => errors.at(option.place(), options::unknown(key, options::TEST)),
        }
    }
    option::repeated(&options, errors);
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
