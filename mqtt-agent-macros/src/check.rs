//! Checks that need more than one token: names that clash, options that conflict.

mod card;
mod error;

pub(crate) use card::card;
pub(crate) use error::error;

use proc_macro2::Ident;

use crate::diag::Errors;
use crate::model::{Agent, Event, Function, Handler, OnCrash, Part, Remote, Skill, Tool, Topic};
use crate::options::TIMEOUT;
use crate::{options, validate};

pub(crate) fn tool(tool: &Tool, errors: &Errors) {
    tool_alone(tool, errors);
    given([&tool.function], errors);
}

fn tool_alone(tool: &Tool, errors: &Errors) {
    let function = &tool.function;
    if let Err(message) = validate::tool(&tool.name.text) {
        errors.push(syn::Error::new(tool.name.span, message));
    }
    if function.description.is_none() {
        let message = "a tool without a description: models choose tools by it; write what it does in a `///` line above";
        errors.at(&function.ident, message);
    }
    blocking(tool.options.blocking.as_ref(), function, errors);
    let said = |option| tool.options.hints.iter().find(|(hint, yes)| hint == option && *yes);
    if let (Some(_), Some((destructive, _))) = (said(options::READ_ONLY), said(options::DESTRUCTIVE)) {
        errors.at(
            destructive,
            "a `read_only` tool changes nothing, so it cannot be `destructive`; remove one of them",
        );
    }
    if let Some(published) = &tool.options.schema {
        // `Args` and patterns have no name here; the test compares them.
        let named = function.args.iter().all(|arg| arg.name.is_some());
        let has = |name: &str| {
            function.args.iter().any(|arg| arg.name.as_ref().is_some_and(|own| own.text == name))
        };
        for argument in published.arguments.iter().filter(|argument| named && !has(&argument.name)) {
            let (file, name) = (published.file.value(), &argument.name);
            let message = format!(
                "`{file}` has the argument `{name}`, and the function has no parameter of that name; add it"
            );
            errors.at(&published.file, message);
        }
    }
    for caller in tool.options.allow.iter().flatten() {
        if let Err(message) = validate::caller(&caller.value()) {
            errors.at(caller, message);
        }
    }
    arguments(function, errors);
    if let syn::Type::Never(ty) = &function.reply {
        errors.at(ty, "a tool answers its caller; write the type of the answer");
    }
}

pub(crate) fn skill(skill: &Skill, errors: &Errors) {
    let (function, options) = (&skill.function, &skill.options);
    if let Err(message) = validate::skill(&skill.id.text) {
        errors.push(syn::Error::new(skill.id.span, message));
    }
    if function.description.is_none() {
        let message = "a skill without a description: agents choose skills by it; write what it does in a `///` line above";
        errors.at(&function.ident, message);
    }
    blocking(options.blocking.as_ref(), function, errors);
    for literal in options.input.iter().chain(&options.output) {
        if let Err(message) = validate::media_type(&literal.value()) {
            errors.at(literal, message);
        }
    }
    if let (Some(OnCrash::Fail), Some((_, attempts))) = (options.on_crash, &options.attempts) {
        errors.at(
            attempts,
            "a task that fails after a crash is begun once; remove `attempts`, or write `on_crash = \"retry\"`",
        );
    }
    arguments(function, errors);
    if let syn::Type::Never(ty) = &function.reply {
        errors.at(ty, "a task has a result; write its type");
    }
    given([function], errors);
}

pub(crate) fn handler(handler: &Handler, errors: &Errors) {
    if handler.options.caller.is_none() {
        given([&handler.function], errors);
    }
    if handler.options.caller.is_some() {
        setters(&handler.topic, "send", errors);
    }
    blocking(handler.options.blocking.as_ref(), &handler.function, errors);
    types(&handler.function, errors);
}

pub(crate) fn event(event: &Event, errors: &Errors) {
    setters(&event.topic, "publish", errors);
    types(&event.function, errors);
}

/// Each placeholder is a method of the type that is generated, which has two of its own.
fn setters(topic: &Topic, last: &str, errors: &Errors) {
    for placeholder in &topic.template.placeholders {
        let name = placeholder.name.as_str();
        if name == last || name == TIMEOUT {
            let message = format!(
                "the placeholder `{name}` would be set by `.{name}(..)`, which does something else; give it another name"
            );
            errors.at(&topic.literal, message);
        }
    }
}

/// What is in one block together: its parts are looked at beforehand.
pub(crate) fn agent(agent: &Agent, errors: &Errors) {
    if let Some(Err((name, message))) =
        agent.id.as_ref().map(|id| validate::agent(&id.text).map_err(|message| (id, message)))
    {
        errors.push(syn::Error::new(name.span, message));
    }
    parts(agent, errors);
    for one in &agent.tools {
        tool(one, errors);
    }
    let generic = !agent.item.generics.params.is_empty();
    for published in agent.tools.iter().filter_map(|tool| tool.options.schema.as_ref()).filter(|_| generic) {
        let message =
            "a generic block has a schema for each type; remove `schema`, and name the type in `contract!`";
        errors.at(&published.file, message);
    }
    for one in &agent.skills {
        skill(one, errors);
    }
    for one in &agent.handlers {
        handler(one, errors);
    }
    for one in &agent.events {
        event(one, errors);
    }
    let empty = agent.tools.is_empty()
        && agent.skills.is_empty()
        && agent.handlers.is_empty()
        && agent.events.is_empty();
    if let (Some((path, _)), false) = (&agent.item.trait_, empty) {
        let message = "what is served of a `#[remote]` trait is said in the trait; remove the attributes of the methods here";
        errors.at(path, message);
    }
    if agent.item.trait_.is_none() && empty && agent.parts.is_empty() && errors.is_empty() {
        let message = "no method of this block is served; write `#[tool]`, `#[skill]`, `#[on]`, `#[request]` or `#[event]` above one";
        errors.at(&agent.item.self_ty, message);
    }
}

fn parts(agent: &Agent, errors: &Errors) {
    if !matches!(agent.part, Part::No) {
        if let Some(id) = &agent.id {
            let message = "a part has the id of the type's other `#[agent]` block, the one without `part`; remove this one";
            errors.push(syn::Error::new(id.span, message));
        }
        if let Some(name) = agent.parts.first() {
            let message = "a part has no parts; list this name in the type's `#[agent]` block without `part`";
            errors.push(syn::Error::new(name.span, message));
        }
    }
    for (index, name) in agent.parts.iter().enumerate() {
        if agent.parts.iter().take(index).any(|earlier| earlier.text == name.text) {
            let message = format!("the part `{}` is listed twice; remove one of them", name.text);
            errors.push(syn::Error::new(name.span, message));
        }
    }
}

/// A trait whose methods are called from afar.
pub(crate) fn remote(remote: &Remote, errors: &Errors) {
    for method in &remote.methods {
        tool_alone(&method.tool, errors);
        if let Some(published) = &method.tool.options.schema {
            let message =
                "a trait is served elsewhere; remove `schema`, and compare with `contract!` where it is";
            errors.at(&published.file, message);
        }
        if let Some(layer) = method.tool.options.layers.first() {
            let message =
                "a trait is served elsewhere; remove `layer`, and give it to the agent with `.layer(..)`";
            errors.at(layer, message);
        }
        if method.tool.function.ident == "new" {
            let message = "the client's `new` makes the client; give the method another name, and the tool this one with `name = \"new\"`";
            errors.at(&method.tool.function.ident, message);
        }
        if !method.tool.function.has_self {
            errors.at(&method.tool.function.ident, "a remote's method is a method of the agent; add `&self`");
        }
    }
    if remote.methods.is_empty() && errors.is_empty() {
        errors.at(&remote.item.ident, "a remote without methods calls nothing; declare one");
    }
}

/// `given` tells the calling side of a remote what not to ask for; nobody else needs to be told.
fn given<'f>(functions: impl IntoIterator<Item = &'f Function>, errors: &Errors) {
    for option in
        functions.into_iter().flat_map(|function| &function.args).filter_map(|arg| arg.options.given.as_ref())
    {
        errors.at(
            option,
            "`given` tells a typed caller what not to ask for, and there is none here; remove it, for the type says it",
        );
    }
}

fn blocking(option: Option<&Ident>, function: &Function, errors: &Errors) {
    if let (Some(blocking), true) = (option, function.is_async) {
        errors.at(blocking, "`blocking` is for a `fn` that is not `async`; remove it, or remove `async`");
    }
}

fn arguments(function: &Function, errors: &Errors) {
    let mut seen: Vec<(&str, bool)> = Vec::new();
    for arg in &function.args {
        let Some(name) = &arg.name else { continue };
        if let Err(message) = validate::argument(&name.text) {
            errors.push(syn::Error::new(name.span, message));
        }
        // Two parameters with one identifier are the compiler's own error.
        if seen.iter().any(|(text, renamed)| *text == name.text && (*renamed || arg.renamed)) {
            let message = format!("two arguments are called `{}`; give one of them another name", name.text);
            errors.push(syn::Error::new(name.span, message));
        }
        seen.push((&name.text, arg.renamed));
    }
    types(function, errors);
}

fn types(function: &Function, errors: &Errors) {
    for arg in &function.args {
        if let syn::Type::ImplTrait(ty) = &arg.ty {
            errors.at(ty, "an argument has one type, and `impl Trait` names none; write the type");
        }
    }
    if let syn::Type::ImplTrait(ty) = &function.reply {
        errors.at(ty, "a reply has one type, and `impl Trait` names none; write the type");
    }
}
