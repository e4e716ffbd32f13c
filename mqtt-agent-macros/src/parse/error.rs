//! A type with `#[derive(ToolError)]`, and its `#[tool_error(..)]`.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, LitStr, Member, Meta};

use super::doc;
use super::word::{self, Word};
use crate::diag::Errors;
use crate::model::Name;
use crate::model::error::{ErrorType, Field, Kind, Message, Retry, Variant};
use crate::{message, names, words};

const ATTRIBUTE: &str = "tool_error";

pub(crate) fn error(item: TokenStream, errors: &Errors) -> Option<ErrorType> {
    let input: DeriveInput = syn::parse2(item).map_err(|error| errors.push(error)).ok()?;
    let DeriveInput { attrs, ident, generics, data, .. } = input;
    let own = words_of(&attrs, errors);
    let mut error = ErrorType {
        ident: ident.clone(),
        generics,
        is_enum: matches!(data, Data::Enum(_)),
        variants: Vec::new(),
        krate: own.iter().find(|word| word.key() == words::CRATE).and_then(|word| word.path(errors)),
    };
    match data {
        Data::Enum(data) => {
            for word in own.iter().filter(|word| word.key() != words::CRATE) {
                errors.at(word.place(), misplaced(&word.key(), "a variant"));
            }
            word::repeated(&own, errors);
            let variants = data.variants.into_iter();
            error.variants = variants
                .map(|item| {
                    let words = words_of(&item.attrs, errors);
                    for word in words.iter().filter(|word| word.key() == words::CRATE) {
                        errors.at(word.place(), "`crate` is about the whole type; write it above the `enum`");
                    }
                    variant(item.ident, item.fields, &item.attrs, &words, errors)
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

fn misplaced(word: &str, place: &str) -> String {
    match words::TOOL_ERROR.contains(&word) {
        true => format!("`{word}` is about one error; write it above {place}"),
        false => words::unknown(word, words::TOOL_ERROR),
    }
}

fn words_of(attributes: &[Attribute], errors: &Errors) -> Vec<Word> {
    let mut all = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(ATTRIBUTE)) {
        match &attribute.meta {
            Meta::List(list) if !list.tokens.is_empty() => {
                all.extend(word::words_with(list.tokens.clone(), words::MESSAGE, errors));
            }
            other => errors.at(
                other,
                "`#[tool_error]` says nothing; write it as in `#[tool_error(\"no account `{0}`\")]`",
            ),
        }
    }
    all
}

fn variant(ident: Ident, fields: Fields, attrs: &[Attribute], words: &[Word], errors: &Errors) -> Variant {
    let named = matches!(fields, Fields::Named(_));
    let fields: Vec<_> = fields.into_iter().enumerate().map(|field| self::field(field, errors)).collect();
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    let code = Name { text: names::snake_case(&ident.unraw().to_string()), span: ident.span() };
    let mut variant = Variant {
        description: doc::summary(attrs).and_then(literal),
        code,
        ident,
        named,
        message: None,
        kind: Kind::Told,
        retry: None,
        from: false,
        said: words.iter().map(|word| (word.key(), word.place())).collect(),
        fields: Vec::new(),
    };
    for word in words {
        match word.key().as_str() {
            words::MESSAGE => variant.message = message(word, &names, errors),
            words::CODE => {
                if let Some(literal) = word.string(errors) {
                    variant.code = Name { text: literal.value(), span: literal.span() };
                }
            }
            words::RETRY_AFTER => variant.retry = retry(word, &names, errors),
            words::FROM => variant.from = word.flag(errors) == Some(true),
            words::INTERNAL if word.flag(errors) == Some(true) => variant.kind = Kind::Internal,
            words::TRANSPARENT if word.flag(errors) == Some(true) => variant.kind = Kind::Transparent,
            words::OPAQUE if word.flag(errors) == Some(true) => variant.kind = Kind::Opaque,
            words::INTERNAL | words::TRANSPARENT | words::OPAQUE | words::CRATE => {}
            key => errors.at(word.place(), words::unknown(key, words::TOOL_ERROR)),
        }
    }
    word::repeated(words, errors);
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

fn message(word: &Word, fields: &[&str], errors: &Errors) -> Option<Message> {
    let literal = word.text(errors)?;
    match message::template(&literal.value(), fields) {
        Ok(template) => Some(Message { literal, template }),
        Err(message) => {
            errors.at(literal, message);
            None
        }
    }
}

/// `"2s"`, or a field.
fn retry(word: &Word, fields: &[&str], errors: &Errors) -> Option<Retry> {
    let wrong = "`retry_after` takes a span of time or a field; write it as in `retry_after = \"2s\"` or `retry_after = wait`";
    let Some(value) = word.value() else {
        errors.at(word.place(), wrong);
        return None;
    };
    let name = match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            return match names::milliseconds(&text.value(), "to try again at once, leave `retry_after` out") {
                Ok(milliseconds) => Some(Retry::Milliseconds(milliseconds)),
                Err(message) => {
                    errors.at(text, message);
                    None
                }
            };
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
