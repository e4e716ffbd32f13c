//! `#[on]`, `#[request]` and `#[event]`: the topic, the options, and which parameter each placeholder fills.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, FnArg, ItemFn, LitStr, Signature, Token, Visibility};

use super::attribute;
use super::function::{Home, function};
use super::inline::inline;
use super::option::{self, AttributeOption};
use super::tool::timeout;
use crate::diag::Errors;
use crate::model::{Event, Function, Handler, HandlerKind, Topic, TopicOptions};
use crate::template::{self, Template};
use crate::{options, validate};

impl HandlerKind {
    /// The attribute's name.
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Request => "request",
        }
    }
}

/// A function with `#[on]` or `#[request]`: as it goes back to the user, and the model of it.
pub(crate) fn handler(
    kind: HandlerKind,
    attribute: TokenStream,
    item: TokenStream,
    errors: &Errors,
) -> Option<(ItemFn, Handler)> {
    let mut item_fn: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let name = kind.attribute();
            let other = syn::parse2::<syn::Item>(item.clone()).is_ok() || is_declaration(&item);
            let message = format!("`#[{name}]` is for a function with a body; write it above such an `fn`");
            errors.push(if other { syn::Error::new_spanned(item, message) } else { error });
            return None;
        }
    };
    let ItemFn { attrs, vis, sig, .. } = &mut item_fn;
    attribute::second(attrs, errors);
    let handler = handler_of(kind, attribute, attrs, vis, sig, Home::Module, errors);
    inline(attrs, sig);
    Some((item_fn, handler))
}

pub(super) fn handler_of(
    kind: HandlerKind,
    attribute: TokenStream,
    attributes: &[Attribute],
    visibility: &Visibility,
    signature: &mut Signature,
    home: Home<'_>,
    errors: &Errors,
) -> Handler {
    let all = option::options(attribute, errors);
    let mut function = function("a topic handler", attributes, visibility, signature, home, errors);
    let known = match kind {
        HandlerKind::On => options::ON,
        HandlerKind::Request => options::REQUEST,
    };
    let options = topic_options(&all, known, errors);
    // One that cannot be read is a mistake already; the handler is kept, so that no more follow from it.
    let topic = topic(&all, kind.attribute(), &function.ident, errors).unwrap_or_else(Topic::unread);
    fill(&mut function, &topic, errors);
    Handler { function, kind, topic, options }
}

/// A function without a body, as `#[event]` takes it.
pub(super) struct Declaration {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) signature: Signature,
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let (visibility, signature) = (input.parse()?, input.parse()?);
        input.parse::<Token![;]>()?;
        Ok(Self { attributes, visibility, signature })
    }
}

/// Whether it is a function without a body, which is no item of Rust.
pub(crate) fn is_declaration(item: &TokenStream) -> bool {
    syn::parse2::<Declaration>(item.clone()).is_ok()
}

/// A function with `#[event]`.
pub(crate) fn event(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<Event> {
    match syn::parse2::<Declaration>(item.clone()) {
        Ok(declaration) => event_of(attribute, declaration, Home::Module, errors),
        Err(error) => {
            let message = "an event is a function without a body, which is generated; write `;` after it";
            let other = syn::parse2::<syn::Item>(item.clone()).is_ok();
            errors.push(if other { syn::Error::new_spanned(item, message) } else { error });
            None
        }
    }
}

pub(super) fn event_of(
    attribute: TokenStream,
    declaration: Declaration,
    home: Home<'_>,
    errors: &Errors,
) -> Option<Event> {
    let Declaration { attributes, visibility, mut signature } = declaration;
    let all = option::options(attribute, errors);
    let receiver = signature.inputs.first().and_then(|input| match input {
        FnArg::Receiver(receiver) => Some(receiver.to_token_stream()),
        FnArg::Typed(_) => None,
    });
    let mut function = function("an event", &attributes, &visibility, &mut signature, home, errors);
    let options = topic_options(&all, options::EVENT, errors);
    if let Some(asyncness) = &signature.asyncness {
        errors.at(
            asyncness,
            "an event waits in `.publish(&client)`, which its function leads to; remove `async`",
        );
    }
    if let syn::ReturnType::Type(_, ty) = &signature.output {
        errors.at(ty, "nobody answers an event; remove the return type");
    }
    let topic = topic(&all, "event", &function.ident, errors)?;
    fill(&mut function, &topic, errors);
    let mut payloads = function.args.iter().filter(|arg| arg.level.is_none()).skip(1);
    if let Some(second) = payloads.next() {
        let message = "an event has one payload, and the parameter before takes it; put both into one struct, or write \
                       `{name}` into the topic";
        errors.at(&second.ty, message);
    }
    Some(Event { function, topic, options, attributes, receiver })
}

impl Topic {
    fn unread() -> Self {
        let literal = LitStr::new("", proc_macro2::Span::call_site());
        Self { literal, template: Template { filter: String::new(), placeholders: Vec::new() } }
    }
}

fn topic(all: &[AttributeOption], attribute: &str, function: &Ident, errors: &Errors) -> Option<Topic> {
    let Some(literal) = all.iter().find_map(AttributeOption::bare) else {
        // What is no list of options was told already.
        if errors.is_empty() {
            let example = "write it as in";
            errors
                .at(function, format!("no topic; {example} `#[{attribute}(\"home/{{room}}/temperature\")]`"));
        }
        return None;
    };
    let template = template::parse(&literal.value()).map_err(|message| errors.at(literal, message)).ok()?;
    Some(Topic { literal: literal.clone(), template })
}

/// Finds the parameter of each placeholder.
fn fill(function: &mut Function, topic: &Topic, errors: &Errors) {
    let Template { placeholders, .. } = &topic.template;
    for arg in &mut function.args {
        let name = arg.name.as_ref().map(|name| name.text.trim_start_matches('_'));
        let own = placeholders
            .iter()
            .find(|placeholder| name.is_some_and(|name| name == placeholder.name.trim_start_matches('_')));
        arg.level = own.map(|placeholder| placeholder.name.clone());
        if let Some(place) = &arg.options.place {
            let message = "`#[arg(..)]` is for tools, whose arguments have a schema; let the parameter's type refuse what is \
                           wrong";
            errors.at(place, message);
        }
        if let (Some(_), syn::Type::Reference(reference)) = (&arg.level, &arg.ty)
            && quote!(#reference).to_string() != "& str"
        {
            errors.at(reference, "a placeholder is `&str` or a type that is `FromStr`; write one of these");
        }
    }
    for placeholder in placeholders {
        if !function.args.iter().any(|arg| arg.level.as_deref() == Some(&placeholder.name)) {
            let name = &placeholder.name;
            let message =
                format!("the placeholder `{name}` has no parameter; add `{name}: &str` to the function");
            errors.at(&topic.literal, message);
        }
    }
}

fn topic_options(all: &[AttributeOption], known: &[&str], errors: &Errors) -> TopicOptions {
    let mut found = TopicOptions::default();
    let has_topic = all.iter().any(|option| option.bare().is_some());
    let mut topics = all.iter().filter_map(AttributeOption::bare).skip(1);
    if let Some(second) = topics.next() {
        errors.at(second, "a second topic; write a function for each");
    }
    for option in all.iter().filter(|option| option.bare().is_none()) {
        let key = option.key();
        match key.as_str() {
            key if !known.contains(&key) && !has_topic && is_bare(option, known) => {
                let message = "the topic is a text; write it as in \"home/{room}/temperature\"";
                errors.at(option.ident(), message);
            }
            key if !known.contains(&key) => errors.at(option.ident(), options::unknown(key, known)),
            options::QOS => found.qos = option.qos(errors),
            options::SHARED => found.shared = option.text(errors).filter(|group| is_group(group, errors)),
            options::REPLY => found.reply = option.text(errors).filter(|filter| is_reply(filter, errors)),
            options::RETAIN => found.retain = option.flag(errors),
            options::TIMEOUT => {
                found.timeout_ms =
                    option.string_as("5s", errors).and_then(|literal| timeout(&literal, errors));
            }
            options::CONCURRENCY => found.concurrency = option.positive(errors),
            options::BLOCKING => {
                found.blocking = option.ident().filter(|_| option.flag(errors) == Some(true)).cloned();
            }
            options::CALLER => {
                found.caller = option.ident().filter(|_| option.flag(errors) == Some(true)).cloned();
            }
            options::LAYER => found.layers = option.expressions(errors),
            options::CRATE => found.krate = option.path(errors),
            _ => {}
        }
    }
    option::repeated(all.iter().filter(|option| option.bare().is_none()), errors);
    found
}

/// Whether it is a word without a value, and near no option.
fn is_bare(option: &AttributeOption, known: &[&str]) -> bool {
    option.value().is_none() && options::near(&option.key(), known).is_none()
}

fn is_reply(filter: &LitStr, errors: &Errors) -> bool {
    template::filter(&filter.value()).map_err(|message| errors.at(filter, message)).is_ok()
}

fn is_group(group: &LitStr, errors: &Errors) -> bool {
    validate::group(&group.value()).map_err(|message| errors.at(group, message)).is_ok()
}
