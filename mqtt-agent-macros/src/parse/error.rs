//! A type with `#[derive(ToolError)]`, and its `#[tool_error(..)]`.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, LitStr, Member, Meta};

use super::doc;
use super::option::{self, AttributeOption};
use crate::diag::Errors;
use crate::model::Name;
use crate::model::error::{ErrorType, Field, Kind, Message, Retry, Variant};
use crate::{message, options, validate};

const ATTRIBUTE: &str = "tool_error";

pub(crate) fn error(item: TokenStream, errors: &Errors) -> Option<ErrorType> {
    let input: DeriveInput = syn::parse2(item).map_err(|error| errors.push(error)).ok()?;
    let DeriveInput { attrs, ident, generics, data, .. } = input;
    let own = options_of(&attrs, errors);
    let mut error = ErrorType {
        ident: ident.clone(),
        generics,
        is_enum: matches!(data, Data::Enum(_)),
        variants: Vec::new(),
        krate: own
            .iter()
            .find(|option| option.key() == options::CRATE)
            .and_then(|option| option.path(errors)),
    };
    match data {
        Data::Enum(data) => {
            for option in own.iter().filter(|option| option.key() != options::CRATE) {
                errors.at(option.place(), misplaced(&option.key(), "a variant"));
            }
            option::repeated(&own, errors);
            let variants = data.variants.into_iter();
            error.variants = variants
                .map(|item| {
                    let options = options_of(&item.attrs, errors);
                    for option in options.iter().filter(|option| option.key() == options::CRATE) {
                        errors
                            .at(option.place(), "`crate` is about the whole type; write it above the `enum`");
                    }
                    variant(item.ident, item.fields, &item.attrs, &options, errors)
                })
                .collect();
        }
        Data::Struct(data) => error.variants.push(variant(ident, data.fields, &attrs, &own, errors)),
        Data::Union(data) => errors.at(
            data.union_token,
            "an error is an enum or a struct: nobody knows which field of a union is there; write an `enum`",
        ),
    }
    Some(error)
}

fn misplaced(option: &str, place: &str) -> String {
    match options::TOOL_ERROR.contains(&option) {
        true => format!("`{option}` is about one error; write it above {place}"),
        false => options::unknown(option, options::TOOL_ERROR),
    }
}

fn options_of(attributes: &[Attribute], errors: &Errors) -> Vec<AttributeOption> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(ATTRIBUTE)) {
        match &attribute.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                all.extend(option::options_with(list.tokens.clone(), options::MESSAGE, errors));
            }
            other => errors.at(
                other,
                "`#[tool_error]` says nothing; write it as in `#[tool_error(\"no account `{0}`\")]`",
            ),
        }
    }
    all
}

fn variant(
    ident: Ident,
    fields: Fields,
    attrs: &[Attribute],
    options: &[AttributeOption],
    errors: &Errors,
) -> Variant {
    let named = matches!(fields, Fields::Named(_));
    let fields: Vec<_> = fields.into_iter().enumerate().map(|field| self::field(field, errors)).collect();
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    let code = Name { text: validate::snake_case(&ident.unraw().to_string()), span: ident.span() };
    let mut variant = Variant {
        description: doc::summary(attrs).and_then(literal),
        code,
        ident,
        named,
        message: None,
        kind: Kind::Told,
        retry: None,
        from: false,
        said: options.iter().map(|option| (option.key(), option.place())).collect(),
        fields: Vec::new(),
    };
    for option in options {
        match option.key().as_str() {
            options::MESSAGE => variant.message = message(option, &names, errors),
            options::CODE => {
                if let Some(literal) = option.string(errors) {
                    variant.code = Name { text: literal.value(), span: literal.span() };
                }
            }
            options::RETRY_AFTER => variant.retry = retry(option, &names, errors),
            options::FROM => variant.from = option.flag(errors) == Some(true),
            options::INTERNAL if option.flag(errors) == Some(true) => variant.kind = Kind::Internal,
            options::TRANSPARENT if option.flag(errors) == Some(true) => variant.kind = Kind::Transparent,
            options::OPAQUE if option.flag(errors) == Some(true) => variant.kind = Kind::Opaque,
            options::INTERNAL | options::TRANSPARENT | options::OPAQUE | options::CRATE => {}
            key => errors.at(option.place(), options::unknown(key, options::TOOL_ERROR)),
        }
    }
    option::repeated(options, errors);
    variant.fields = fields;
    variant
}

fn field((index, field): (usize, syn::Field), errors: &Errors) -> Field {
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident(ATTRIBUTE)) {
        errors.at(attribute, "`#[tool_error(..)]` is about a whole error; write it above the variant");
    }
    let (member, name) = match field.ident {
        Some(ident) => (Member::Named(ident.clone()), ident.unraw().to_string()),
        None => (Member::Unnamed(index.into()), index.to_string()),
    };
    Field { member, name, ty: field.ty }
}

fn message(option: &AttributeOption, fields: &[&str], errors: &Errors) -> Option<Message> {
    let literal = option.text(errors)?;
    match message::template(&literal.value(), fields) {
        Ok(template) => Some(Message { literal, template }),
        Err(message) => {
            errors.at(literal, message);
            None
        }
    }
}

/// `"2s"`, or a field.
fn retry(option: &AttributeOption, fields: &[&str], errors: &Errors) -> Option<Retry> {
    let wrong = "`retry_after` takes a span of time or a field; write it as in `retry_after = \"2s\"` or `retry_after = wait`";
    let Some(value) = option.value() else {
        errors.at(option.place(), wrong);
        return None;
    };
    let name = match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            return match validate::milliseconds(
                &text.value(),
                "to try again at once, leave `retry_after` out",
            ) {
                Ok(milliseconds) => Some(Retry::Milliseconds(milliseconds)),
                Err(message) => {
                    errors.at(text, message);
                    None
                }
            };
        }
        // A field of a tuple, or meant as seconds.
        Expr::Lit(ExprLit { lit: Lit::Int(index), .. }) if !fields.contains(&index.base10_digits()) => {
            errors.at(index, wrong);
            return None;
        }
        Expr::Lit(ExprLit { lit: Lit::Int(index), .. }) => index.base10_digits().to_owned(),
        Expr::Path(path) if path.path.get_ident().is_some() => {
            path.path.get_ident().map(|ident| ident.unraw().to_string()).unwrap_or_default()
        }
        other => {
            errors.at(other, wrong);
            return None;
        }
    };
    match message::field(&name, fields) {
        Ok(index) => Some(Retry::Field(index, value.to_token_stream())),
        Err(message) => {
            errors.at(value, message);
            None
        }
    }
}

fn literal(text: Expr) -> Option<LitStr> {
    match text {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        // Known to the compiler only.
        _ => None,
    }
}
