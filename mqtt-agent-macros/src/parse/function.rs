//! The common parts of all annotated functions, and the kinds of functions that cannot be annotated.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, FnArg, Receiver, ReceiverKind, ReturnType, Signature, Type, Visibility};

use super::{arg, doc};
use crate::diag::Errors;
use crate::model::Function;

/// Where an annotated function stands.
#[derive(Clone, Copy)]
pub(super) enum Home<'a> {
    /// On its own.
    Module,
    /// In an `#[agent] impl` block; how its methods are named from outside.
    Block { through: &'a TokenStream },
}

/// How messages call the function: "a tool", "a topic handler".
pub(super) type Kind = &'static str;

/// Reads a function, and takes off its parameters what only the macro understands.
pub(super) fn function(
    kind: Kind,
    attributes: &[Attribute],
    visibility: &Visibility,
    signature: &mut Signature,
    home: Home<'_>,
    errors: &Errors,
) -> Function {
    check(kind, signature, home, errors);
    let (mut has_self, mut args) = (false, Vec::new());
    for input in &mut signature.inputs {
        match input {
            FnArg::Typed(typed) => args.push(arg::arg(typed, errors)),
            FnArg::Receiver(_) => has_self = true,
        }
    }
    let reply = match &signature.output {
        ReturnType::Default => syn::parse_quote_spanned!(signature.ident.span()=> ()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let mut shared: Vec<_> =
        attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
    if attributes.iter().any(|attribute| attribute.path().is_ident("deprecated")) {
        shared.push(syn::parse_quote!(#[allow(deprecated)]));
    }
    Function {
        shared,
        ident: signature.ident.clone(),
        visibility: visibility.clone(),
        is_async: signature.asyncness.is_some(),
        through: match home {
            Home::Module => None,
            Home::Block { through } => Some(through.clone()),
        },
        has_self,
        args,
        reply,
        description: doc::summary(attributes),
    }
}

fn check(kind: Kind, signature: &Signature, home: Home<'_>, errors: &Errors) {
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        receiver_of(kind, receiver, home, errors);
    }
    for parameter in &signature.generics.params {
        errors.at(
            parameter,
            match parameter {
                syn::GenericParam::Lifetime(_) => {
                    format!("{kind} has no lifetimes of its own; write `&Context` without one")
                }
                _ => format!(
                    "{kind} is not generic: its schema has one shape; write the type that it is served with"
                ),
            },
        );
    }
    if let Some(unsafety) = unsafety(signature) {
        let message = format!("{kind} is called by others, so it cannot be `unsafe`; wrap what is");
        errors.push(syn::Error::new(unsafety, message));
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, format!("{kind} is a Rust function; remove `extern`"));
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, format!("{kind} has a fixed list of parameters; take a `Vec<T>`"));
    }
    if let Some(constness) = &signature.constness {
        errors.at(constness, format!("{kind} runs when it is called; remove `const`"));
    }
}

fn receiver_of(kind: Kind, receiver: &Receiver, home: Home<'_>, errors: &Errors) {
    let message = match home {
        Home::Module => format!(
            "{kind} with `self` is a method of an agent; write `#[agent]` above the `impl` block"
        ),
        Home::Block { .. } if is_mutable(receiver) => {
            "handlers run at the same time, so they share the agent; write `&self`, and put what changes into a lock or \
             behind a channel"
                .to_owned()
        }
        Home::Block { .. } if is_shared(receiver) => return,
        Home::Block { .. } => "the agent is shared by all its handlers; write `&self`".to_owned(),
    };
    errors.at(receiver, message);
}

fn is_mutable(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => {
            matches!(&**ty, Type::Reference(reference) if reference.mutability.is_some())
        }
        _ => receiver.mutability.is_some(),
    }
}

/// `&self`, and nothing else.
fn is_shared(receiver: &Receiver) -> bool {
    matches!(&receiver.kind, ReceiverKind::Reference(_, None, None))
}

fn unsafety(signature: &Signature) -> Option<proc_macro2::Span> {
    signature
        .to_token_stream()
        .into_iter()
        .take_while(|token| token.to_string() != "fn")
        .find(|t| t.to_string() == "unsafe")
        .map(|t| t.span())
}
