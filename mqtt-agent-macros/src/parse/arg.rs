//! One parameter: its name, its type, its doc comment and its `#[arg(..)]`.

use std::cmp::Ordering;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, ExprLit, ExprRange, ExprUnary, Lit, Meta, Pat, PatType, RangeLimits, Type, UnOp};

use super::option::{self, AttributeOption};
use super::{attribute, doc, within};
use crate::diag::Errors;
use crate::model::{Arg, ArgOptions, DurationText, Limits, Name, Number};
use crate::options;

/// Reads a parameter, and takes off it what only the macro understands.
pub(super) fn arg(parameter: &mut PatType, errors: &Errors) -> Arg {
    let mut arg_options = ArgOptions::default();
    let mut rename = None;
    let mut seen = Vec::new();
    for attribute in parameter.attrs.iter().filter(|attribute| attribute.path().is_ident("arg")) {
        arg_options.place = Some(attribute.to_token_stream());
        seen.extend(options_of(attribute, errors));
    }
    for option in &seen {
        match option.key().as_str() {
            options::RANGE => arg_options.range = limits(option, Kind::Numbers, Some(&parameter.ty), errors),
            options::LENGTH => arg_options.length = limits(option, Kind::Lengths, None, errors),
            options::PATTERN => arg_options.pattern = option.text(errors),
            options::DURATION => arg_options.duration = duration(option, errors),
            options::DEFAULT => arg_options.default = option.expression(errors),
            options::EXAMPLE => arg_options.example = option.expression(errors),
            options::GIVEN => {
                arg_options.given = option.ident().filter(|_| option.flag(errors) == Some(true)).cloned()
            }
            options::RENAME if option.ident().is_some() => rename = option.string(errors),
            key => match option.ident() {
                Some(ident) => errors.at(ident, options::unknown(key, options::ARG)),
                None => errors.at(option.string(errors), "a text on its own; write `rename = \"..\"`"),
            },
        }
    }
    option::repeated(&seen, errors);
    if arg_options.duration.is_some() {
        let narrowing = [options::RANGE, options::LENGTH, options::PATTERN];
        for option in seen.iter().filter(|option| narrowing.contains(&option.key().as_str())) {
            if let Some(ident) = option.ident() {
                errors
                    .at(ident, format!("`{}` is not for a duration; check it in the function", option.key()));
            }
        }
    }
    if !seen.is_empty() && seen.iter().all(|option| option.key() == options::GIVEN) {
        // Says nothing of an argument.
        arg_options.place = None;
    }
    for attribute in parameter.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
        errors.at(attribute, "a parameter is always there; write two functions, each with its `#[cfg(..)]`");
    }
    let is_hidden = |attribute: &Attribute| {
        attribute::is_conditional(attribute, |path| path.is_ident("arg") || path.is_ident("doc"))
    };
    for attribute in parameter.attrs.iter().filter(|attribute| is_hidden(attribute)) {
        errors.at(
            attribute,
            "an attribute in `cfg_attr` is not seen on a parameter; write it alone, or two functions, each with its `#[cfg(..)]`",
        );
    }
    let description = doc::whole(&parameter.attrs);
    parameter.attrs.retain(|attribute| {
        !attribute.path().is_ident("arg") && !attribute.path().is_ident("doc") && !is_hidden(attribute)
    });

    let own = match &*parameter.pat {
        Pat::Ident(pattern) => {
            Some(Name { text: pattern.ident.unraw().to_string(), span: pattern.ident.span() })
        }
        _ => None,
    };
    let renamed = rename.is_some();
    let name = rename.map(|literal| Name { text: literal.value(), span: literal.span() }).or(own);
    Arg { name, renamed, ty: (*parameter.ty).clone(), description, options: arg_options, level: None }
}

fn options_of(attribute: &Attribute, errors: &Errors) -> Vec<AttributeOption> {
    match &attribute.meta {
        Meta::List(list) => option::options(list.tokens.clone(), errors),
        other => {
            errors.at(other, "`#[arg]` says nothing; write it as in `#[arg(range = 0..=7)]`");
            Vec::new()
        }
    }
}

fn duration(option: &AttributeOption, errors: &Errors) -> Option<DurationText> {
    let literal = option.string_as("text", errors)?;
    match literal.value().as_str() {
        "text" => Some(DurationText::Text),
        "iso8601" => Some(DurationText::Iso8601),
        other => {
            let known = "write `\"text\"` for `5s`, or `\"iso8601\"` for `PT5S`";
            errors.at(&literal, format!("unknown text of a duration `{other}`; {known}"));
            None
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Numbers,
    Lengths,
}

/// A range; `ty`: what has to have its bounds.
fn limits(option: &AttributeOption, kind: Kind, ty: Option<&Type>, errors: &Errors) -> Option<Limits> {
    let expression = option.expression(errors)?;
    let key = option.key();
    let Expr::Range(ExprRange { start, end, limits: kind_of_end, .. }) = &expression else {
        errors.at(&expression, format!("`{key}` takes a range; write it as in `{key} = 1..=7`"));
        return None;
    };
    let number = |end: &Option<Box<Expr>>| match end {
        None => Some(None),
        Some(expression) => match literal(expression, false) {
            Ok(number) => Some(Some(number)),
            Err(reason) => {
                errors.at(expression, format!("{reason}; write it as in `{key} = 1..=7`"));
                None
            }
        },
    };
    let (min, max) = (number(start)?, number(end)?);
    let max_excluded = matches!(kind_of_end, RangeLimits::HalfOpen(_)) && max.is_some();
    if min.is_none() && max.is_none() {
        errors.at(&expression, format!("`{key} = ..` limits nothing; give a bound or leave it out"));
        return None;
    }
    if let (Some(min), Some(max)) = (min, max) {
        let order = min.order(max);
        if order == Ordering::Greater || (order == Ordering::Equal && max_excluded) {
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
    let limits = Limits { min, max, max_excluded };
    let (below, above) = ty.map(|ty| within::wrong(&limits, ty)).unwrap_or_default();
    let mut fits = true;
    for (bound, wrong) in [(start, below), (end, above)] {
        if let (Some(bound), Some(message)) = (bound, wrong) {
            errors.at(bound, message);
            fits = false;
        }
    }
    fits.then_some(limits)
}

/// The number that an expression is, or why it is none.
fn literal(expression: &Expr, negative: bool) -> Result<Number, &'static str> {
    match expression {
        Expr::Group(group) => literal(&group.expr, negative),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if !negative => literal(expr, true),
        Expr::Lit(ExprLit { lit: Lit::Int(value), .. }) => {
            let text = format!("{}{}", if negative { "-" } else { "" }, value.base10_digits());
            let whole = text.parse().map(Number::Int).or_else(|_| text.parse().map(Number::Uint));
            whole.map_err(|_| "a bound lies between `i64::MIN` and `u64::MAX`")
        }
        Expr::Lit(ExprLit { lit: Lit::Float(value), .. }) => {
            // JSON has no infinity.
            match value.base10_parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Number::Float(if negative { -value } else { value })),
                _ => Err("JSON has no number that large"),
            }
        }
        _ => Err("a bound is a plain number, for the schema shows it"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;
    use syn::parse_quote;

    /// What `#[arg(range = ..)]` says, or that it is refused.
    fn range(text: &str, kind: Kind) -> Option<Limits> {
        let errors = Errors::new();
        let tokens = format!("range = {text}").parse().unwrap();
        let options = option::options(tokens, &errors);
        let limits = options.first().and_then(|option| limits(option, kind, None, &errors));
        assert_eq!(limits.is_none(), !errors.is_empty(), "{text}");
        errors.finish(quote::quote!());
        limits
    }

    fn ends(limits: &Limits) -> (Option<i128>, Option<i128>, bool) {
        let whole = |number: Option<Number>| match number {
            Some(Number::Int(value)) => Some(value.into()),
            Some(Number::Uint(value)) => Some(value.into()),
            _ => None,
        };
        (whole(limits.min), whole(limits.max), limits.max_excluded)
    }

    #[test]
    fn every_form_of_a_range() {
        let numbers = |text| ends(&range(text, Kind::Numbers).unwrap());
        assert_eq!(numbers("0..=7"), (Some(0), Some(7), false));
        assert_eq!(numbers("0..8"), (Some(0), Some(8), true));
        assert_eq!(numbers("-3..=-1"), (Some(-3), Some(-1), false));
        assert_eq!(numbers("1_000u64.."), (Some(1000), None, false));
        assert_eq!(numbers("..=0xff"), (None, Some(255), false));
        assert_eq!(numbers("0..=18446744073709551615"), (Some(0), Some(u64::MAX.into()), false));
        assert_eq!(numbers("-9223372036854775808..=0"), (Some(i64::MIN.into()), Some(0), false));
        let Limits { min, max, max_excluded } = range("-0.5..1.0", Kind::Numbers).unwrap();
        assert!(matches!(
            (min, max, max_excluded),
            (Some(Number::Float(-0.5)), Some(Number::Float(1.0)), true)
        ));
    }

    #[test]
    fn what_is_no_range() {
        for text in [
            "7",
            "..",
            "7..=0",
            "0..0",
            "1.0..1.0",
            "a..=7",
            "0..=MAX",
            "\"a\"..=\"b\"",
            "0.0..=1e999",
            "--1..=2",
        ] {
            assert!(range(text, Kind::Numbers).is_none(), "{text}");
        }
        for text in ["-1..=3", "0.5..=3", "..", "3", "..=-1"] {
            assert!(range(text, Kind::Lengths).is_none(), "{text}");
        }
        assert!(range("1..=80", Kind::Lengths).is_some());
    }

    #[test]
    fn our_attributes_are_taken_off_and_others_left() {
        let mut function: syn::ItemFn = parse_quote! {
            fn weather(
                /// City.
                #[allow(unused)]
                #[arg(length = 1..=80)]
                city: String,
            ) {}
        };
        let errors = Errors::new();
        let syn::FnArg::Typed(parameter) = function.sig.inputs.first_mut().unwrap() else { unreachable!() };
        let arg = arg(parameter, &errors);
        assert!(errors.is_empty());
        errors.finish(quote::quote!());
        assert_eq!(parameter.attrs.len(), 1);
        assert_eq!((arg.name.unwrap().text.as_str(), arg.renamed), ("city", false));
    }

    proptest! {
        #[test]
        fn a_range_is_refused_exactly_when_it_is_empty(min: i64, max: i64) {
            prop_assert_eq!(range(&format!("{min}..={max}"), Kind::Numbers).is_some(), min <= max);
            prop_assert_eq!(range(&format!("{min}..{max}"), Kind::Numbers).is_some(), min < max);
        }

        #[test]
        fn a_range_of_floats_is_refused_exactly_when_it_is_empty(min in -1e9..1e9, max in -1e9..1e9) {
            prop_assert_eq!(range(&format!("{min:?}..={max:?}"), Kind::Numbers).is_some(), min <= max);
        }

        #[test]
        fn whole_numbers_are_kept_exactly(min in i64::MIN..0, max: u64) {
            let limits = range(&format!("{min}..={max}"), Kind::Numbers).unwrap();
            prop_assert_eq!(ends(&limits), (Some(min.into()), Some(max.into()), false));
        }
    }
}
