//! `#[remote] trait`: each method is a tool on another server.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, ItemTrait, TraitItem, TraitItemFn, Visibility};

use super::function::{Home, function};
use super::{attribute, option, tool};
use crate::diag::Errors;
use crate::model::{Name, Remote, RemoteMethod, Tool};
use crate::options;

pub(crate) fn remote(attribute: TokenStream, item: TokenStream, errors: &Errors) -> Option<Remote> {
    let Ok(mut item) = syn::parse2::<ItemTrait>(item.clone()) else {
        let message = "`#[remote]` is for a trait, whose methods are tools; write it above one";
        errors.push(syn::Error::new_spanned(item, message));
        return None;
    };
    let (mut prefix, mut krate) = (None, None);
    let all = option::options(attribute, errors);
    for option in &all {
        match (option.key().as_str(), option.bare()) {
            (_, Some(text)) => errors.at(text, "a text on its own; write `prefix = \"..\"`"),
            (options::PREFIX, _) => prefix = option.text(errors),
            (options::CRATE, _) => krate = option.path(errors),
            (key, _) => errors.at(option.ident(), options::unknown(key, options::REMOTE)),
        }
    }
    option::repeated(&all, errors);
    for parameter in &item.generics.params {
        errors.at(parameter, "a remote is not generic: its tools have one schema each; write the types out");
    }
    let ident = item.ident.clone();
    let through = quote!(<Self as #ident>::);
    let prefix = prefix.map(|prefix| prefix.value()).unwrap_or_default();
    let mut methods = Vec::new();
    for member in &mut item.items {
        if let TraitItem::Fn(method) = member {
            methods.push(method_of(method, &prefix, Home::Block { through: &through }, errors));
        }
    }
    Some(Remote { item, methods, krate })
}

fn method_of(method: &mut TraitItemFn, prefix: &str, home: Home<'_>, errors: &Errors) -> RemoteMethod {
    attribute::conditional(&mut method.attrs, errors);
    attribute::other_than_tool(&mut method.attrs, errors);
    let options = take(&mut method.attrs, errors);
    let options = option::options(options, errors);
    let TraitItemFn { attrs, sig, .. } = method;
    let function = function(tool::KIND, attrs, &Visibility::Inherited, sig, home, errors);
    let (name, tool_options) = tool::tool_options(&options, &function.ident, errors);
    let given = options.iter().any(|option| option.key() == options::NAME);
    let text = if given { name.text } else { format!("{prefix}{}", name.text) };
    let name = Name { text, span: name.span };
    let attributes = attrs.clone();
    RemoteMethod { tool: Tool { function, name, options: tool_options }, attributes }
}

/// What `#[tool(..)]` says; the attribute may be left out.
fn take(attributes: &mut Vec<Attribute>, errors: &Errors) -> TokenStream {
    let is_tool = |attribute: &mut Attribute| {
        attribute.path().segments.last().is_some_and(|segment| segment.ident == "tool")
    };
    let mut found = None;
    for attribute in attributes.extract_if(.., is_tool) {
        if found.is_some() {
            errors.at(&attribute, "a second `#[tool]`; put the options into one");
            continue;
        }
        found = Some(option::in_parentheses(&attribute, errors));
    }
    found.unwrap_or_default()
}
