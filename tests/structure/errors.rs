//! The crate's convention for errors, which `mqtt-agent/src/error.rs` states: an error prints its cause and does not give it
//! as its source, and its `Debug` prints what its `Display` prints. Here are all variants with a cause, found in the sources,
//! and what breaks the convention among them.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, GenericArgument, Item, ItemImpl, PathArguments, Type, Visibility};

use crate::sources::{Sources, name};

/// What the sources have of errors.
#[derive(Default)]
pub(crate) struct Errors {
    /// `Type` or `Type::Variant` of each public error that holds another error.
    pub(crate) with_cause: BTreeSet<String>,
    /// What breaks the convention, in sentences.
    pub(crate) findings: Vec<String>,
}

/// A struct, or a variant of an enum.
struct Shape<'a> {
    file: String,
    name: String,
    public: bool,
    attributes: Vec<&'a Attribute>,
    fields: &'a Fields,
    derived: bool,
}

pub(crate) fn of(sources: &Sources) -> Errors {
    let by_hand: Vec<_> = items(sources).filter_map(|(file, item)| Some((file, error_impl(item)?))).collect();
    let names: BTreeSet<_> = by_hand.iter().map(|(_, (name, _))| name.clone()).collect();
    let shapes: Vec<_> = items(sources).flat_map(|(file, item)| shapes(file, item, &names)).collect();
    let kinds: BTreeSet<_> =
        shapes.iter().map(|shape| shape.name.split("::").next().unwrap_or_default().to_owned()).collect();
    let mut errors = Errors::default();
    for (file, (name, gives_source)) in by_hand {
        if gives_source {
            errors.findings.push(format!("`{name}` in `{file}` has a `source`: print the cause instead"));
        }
    }
    for shape in shapes {
        shape.check(&kinds, &mut errors);
    }
    for (file, name) in items(sources).filter_map(|(file, item)| Some((file, prints_fields(item, &names)?))) {
        errors
            .findings
            .push(format!("`{name}` in `{file}` derives `Debug`: write `debug_as_display!({name})`"));
    }
    errors
}

/// The name of a public error whose `Debug` is derived: at the end of `main` a person reads it.
fn prints_fields(item: &Item, by_hand: &BTreeSet<String>) -> Option<String> {
    let (ident, visibility, attributes) = match item {
        Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
        _ => return None,
    };
    let is_error = attributes.iter().any(derives_error) || by_hand.contains(&ident.to_string());
    let is_public = matches!(visibility, Visibility::Public(_));
    let derives_debug = attributes.iter().any(|attribute| derives(attribute, "Debug"));
    (is_error && is_public && derives_debug).then(|| ident.to_string())
}

impl Shape<'_> {
    fn check(&self, kinds: &BTreeSet<String>, errors: &mut Errors) {
        let Self { file, name, .. } = self;
        let text = self.attributes.iter().find(|attribute| attribute.path().is_ident("error"));
        let is_transparent = text.is_some_and(|text| text.parse_args::<syn::Ident>().is_ok());
        for field in self.fields {
            let is_source = |attribute: &Attribute| {
                attribute.path().is_ident("source") || attribute.path().is_ident("from")
            };
            let gives_source = field.ident.as_ref().is_some_and(|ident| ident == "source")
                || field.attrs.iter().any(is_source);
            if gives_source && !is_transparent {
                errors
                    .findings
                    .push(format!("`{name}` in `{file}` gives its cause as its source: print it instead"));
            }
        }
        // By hand: whatever it holds may be printed.
        let has_cause = if self.derived {
            self.fields.iter().any(|field| is_error(&field.ty, kinds))
        } else {
            !self.fields.is_empty()
        };
        if has_cause && self.public {
            errors.with_cause.insert(name.clone());
        }
    }
}

fn items(sources: &Sources) -> impl Iterator<Item = (String, &Item)> {
    sources.0.iter().flat_map(|(file, ast)| ast.items.iter().map(|item| (name(file), item)))
}

/// The type of an `impl Error for`, and whether it gives a source.
fn error_impl(item: &Item) -> Option<(String, bool)> {
    let Item::Impl(ItemImpl { trait_: Some((path, _)), self_ty, items, .. }) = item else { return None };
    let (last, Type::Path(ty)) = (path.segments.last()?, &**self_ty) else { return None };
    if last.ident != "Error" {
        return None;
    }
    let gives_source =
        items.iter().any(|item| matches!(item, syn::ImplItem::Fn(f) if f.sig.ident == "source"));
    Some((ty.path.segments.last()?.ident.to_string(), gives_source))
}

fn shapes<'a>(file: String, item: &'a Item, by_hand: &BTreeSet<String>) -> Vec<Shape<'a>> {
    let (ident, visibility, attributes) = match item {
        Item::Enum(item) => (&item.ident, &item.vis, &item.attrs),
        Item::Struct(item) => (&item.ident, &item.vis, &item.attrs),
        _ => return Vec::new(),
    };
    let derived = attributes.iter().any(derives_error);
    if !derived && !by_hand.contains(&ident.to_string()) {
        return Vec::new();
    }
    let public = matches!(visibility, Visibility::Public(_));
    let shape = |name, attributes: &'a [Attribute], fields| {
        let attributes = attributes.iter().collect();
        Shape { file: file.clone(), name, public, attributes, fields, derived }
    };
    match item {
        Item::Enum(item) => {
            let variants = item.variants.iter();
            variants.map(|v| shape(format!("{ident}::{}", v.ident), &v.attrs, &v.fields)).collect()
        }
        Item::Struct(item) => vec![shape(ident.to_string(), &item.attrs, &item.fields)],
        _ => Vec::new(),
    }
}

fn derives_error(attribute: &Attribute) -> bool {
    derives(attribute, "thiserror")
}

/// Whether one of the derives is this trait, or one of this crate.
fn derives(attribute: &Attribute, name: &str) -> bool {
    let Ok(derives) = attribute
        .path()
        .is_ident("derive")
        .then_some(attribute)
        .map_or(Ok(Punctuated::<syn::Path, syn::Token![,]>::new()), |attribute| {
            attribute.parse_args_with(Punctuated::parse_terminated)
        })
    else {
        return false;
    };
    derives.iter().any(|path| path.segments.first().is_some_and(|first| first.ident == name))
}

/// Whether a type is an error: one of the crate's, or one whose name says so, also within a box or an option.
fn is_error(ty: &Type, kinds: &BTreeSet<String>) -> bool {
    let Type::Path(ty) = ty else { return false };
    ty.path.segments.last().is_some_and(|last| {
        let within = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => arguments
                .args
                .iter()
                .any(|argument| matches!(argument, GenericArgument::Type(ty) if is_error(ty, kinds))),
            _ => false,
        };
        within || last.ident.to_string().ends_with("Error") || kinds.contains(&last.ident.to_string())
    })
}
