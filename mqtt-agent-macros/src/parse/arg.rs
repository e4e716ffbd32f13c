//! One parameter: its name, its type, its doc comment and its `#[arg(..)]`.

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, ExprRange, ExprUnary, Lit, Meta, Pat, PatType, RangeLimits, UnOp};

use super::doc;
use super::word::{self, Word};
use crate::diag::Errors;
use crate::model::{Arg, ArgWords, Limits, Name, Number};
use crate::words;

/// Reads a parameter, and takes off it what only the macro understands.
pub(super) fn arg(parameter: &mut PatType, errors: &Errors) -> Arg {
    let mut arg_words = ArgWords::default();
    let mut rename = None;
    let mut seen = Vec::new();
    for attribute in parameter.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        arg_words.span = Some(attribute.span());
        seen.extend(words_of(attribute, errors));
    }
    for word in &seen {
        match word.key().as_str() {
            words::RANGE => arg_words.range = limits(word, Kind::Numbers, errors),
            words::LENGTH => arg_words.length = limits(word, Kind::Lengths, errors),
            words::PATTERN => arg_words.pattern = word.text(errors),
            words::DEFAULT => arg_words.default = word.expression(errors),
            words::EXAMPLE => arg_words.example = word.expression(errors),
            words::RENAME if word.ident().is_some() => rename = word.string(errors),
            key => match word.ident() {
                Some(ident) => errors.at(ident, words::unknown(key, words::ARG)),
                None => errors.at(word.string(errors), "a text on its own; write `rename = \"..\"`"),
            },
        }
    }
    word::repeated(&seen, errors);
    let description = doc::whole(&parameter.attrs);
    parameter
        .attrs
        .retain(|attribute| !attribute.path().is_ident("arg") && !attribute.path().is_ident("doc"));

    let own = match &*parameter.pat {
        Pat::Ident(pattern) => {
            Some(Name { text: pattern.ident.unraw().to_string(), span: pattern.ident.span() })
        }
        _ => None,
    };
    let name = rename.map(|literal| Name { text: literal.value(), span: literal.span() }).or(own);
    Arg { name, ty: (*parameter.ty).clone(), description, words: arg_words }
}

fn words_of(attribute: &Attribute, errors: &Errors) -> Vec<Word> {
    match &attribute.meta {
        Meta::List(list) => word::words(list.tokens.clone(), errors),
        other => {
            errors.at(other, "`#[arg]` says nothing; write it as in `#[arg(range = 0..=7)]`");
            Vec::new()
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Numbers,
    Lengths,
}

fn limits(word: &Word, kind: Kind, errors: &Errors) -> Option<Limits> {
    let expression = word.expression(errors)?;
    let key = word.key();
    let Expr::Range(ExprRange { start, end, limits, .. }) = &expression else {
        errors.at(&expression, format!("`{key}` takes a range; write it as in `{key} = 1..=7`"));
        return None;
    };
    let number = |end: &Option<Box<Expr>>| match end {
        None => Some(None),
        Some(expression) => match literal(expression, false) {
            Some(number) => Some(Some(number)),
            None => {
                errors.at(expression, format!("`{key}` takes plain numbers; write it as in `{key} = 1..=7`"));
                None
            }
        },
    };
    let (min, max) = (number(start)?, number(end)?);
    let max_excluded = matches!(limits, RangeLimits::HalfOpen(_)) && max.is_some();
    if min.is_none() && max.is_none() {
        errors.at(&expression, format!("`{key} = ..` limits nothing; give a bound or leave it out"));
        return None;
    }
    if let (Some(min), Some(max)) = (min, max) {
        let empty = if max_excluded { min.as_f64() >= max.as_f64() } else { min.as_f64() > max.as_f64() };
        if empty {
            errors.at(&expression, "nothing is in this range; put the smaller number first");
            return None;
        }
    }
    let whole = |number: Option<Number>| {
        number.is_none_or(|number| matches!(number, Number::Int(value) if value >= 0))
    };
    if kind == Kind::Lengths && !(whole(min) && whole(max)) {
        errors.at(&expression, "a length is a whole number from 0; write it as in `length = 1..=80`");
        return None;
    }
    Some(Limits { min, max, max_excluded })
}

fn literal(expression: &Expr, negative: bool) -> Option<Number> {
    match expression {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if !negative => literal(expr, true),
        Expr::Lit(ExprLit { lit: Lit::Int(value), .. }) => {
            let text = format!("{}{}", if negative { "-" } else { "" }, value.base10_digits());
            text.parse().map(Number::Int).or_else(|_| text.parse().map(Number::Uint)).ok()
        }
        Expr::Lit(ExprLit { lit: Lit::Float(value), .. }) => {
            let value: f64 = value.base10_parse().ok()?;
            Some(Number::Float(if negative { -value } else { value }))
        }
        _ => None,
    }
}
