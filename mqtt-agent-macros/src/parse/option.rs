//! The options in an attribute: `option`, `option = value`, `option(value, ..)`, and a name alone in the first place.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::diag::Errors;
use crate::options;

/// One option with what it says.
pub(super) struct AttributeOption {
    name: OptionName,
    value: Value,
}

enum OptionName {
    Ident(Ident),
    /// `#[tool("get-weather")]`, and the option that it stands for.
    Bare(LitStr, &'static str),
}

enum Value {
    None,
    Is(Expr),
    List(Vec<Expr>),
}

impl Parse for AttributeOption {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return Ok(Self { name: OptionName::Bare(input.parse()?, options::NAME), value: Value::None });
        }
        if !input.peek(Ident::peek_any) {
            return Err(input.error("expected an option, as in `timeout = \"5s\"`"));
        }
        let ident = input.call(Ident::parse_any)?;
        if input.peek(Token![-]) {
            return Err(syn::Error::new(
                ident.span(),
                "an option has `_` where you write `-`, as in `read_only`",
            ));
        }
        if input.peek(Token![:]) && !input.peek(Token![::]) {
            let message = format!("the value of an option stands after `=`; write `{ident} = ..`");
            return Err(syn::Error::new(ident.span(), message));
        }
        if input.peek(Token![/]) {
            return Err(syn::Error::new(
                ident.span(),
                "a topic is a text; write it in quotes, as in \"home/{room}/temperature\"",
            ));
        }
        let name = OptionName::Ident(ident);
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Value::Is(ungrouped(input.parse()?))
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            let values = Punctuated::<Expr, Token![,]>::parse_terminated(&content)?;
            Value::List(values.into_iter().map(ungrouped).collect())
        } else {
            Value::None
        };
        Ok(Self { name, value })
    }
}

/// All options of an attribute in which a text on its own is what `bare` says.
pub(super) fn options_with(
    attribute: TokenStream,
    bare: &'static str,
    errors: &Errors,
) -> Vec<AttributeOption> {
    let mut options = options(attribute, errors);
    for option in &mut options {
        if let OptionName::Bare(_, meaning) = &mut option.name {
            *meaning = bare;
        }
    }
    options
}

/// All options of an attribute in which a text on its own is a name.
pub(super) fn options(attribute: TokenStream, errors: &Errors) -> Vec<AttributeOption> {
    match Punctuated::<AttributeOption, Token![,]>::parse_terminated.parse2(attribute) {
        Ok(options) => options.into_iter().collect(),
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    }
}

/// What an attribute that was taken off says: nothing, or what is in its parentheses.
pub(super) fn in_parentheses(attribute: &Attribute, errors: &Errors) -> TokenStream {
    match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(meta) => {
            let name = meta.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            errors.at(meta, format!("write the options in parentheses, as in `#[{name}(..)]`"));
            TokenStream::new()
        }
    }
}

/// An option that is said twice.
pub(super) fn repeated<'w>(options: impl IntoIterator<Item = &'w AttributeOption>, errors: &Errors) {
    let mut seen = Vec::new();
    for option in options {
        if seen.contains(&option.key()) {
            let message = format!("`{}` is said twice; remove one of them", option.key());
            errors.at(option.place(), message);
        }
        seen.push(option.key());
    }
}

impl AttributeOption {
    /// The option itself, or the one that a text on its own stands for.
    pub(super) fn key(&self) -> String {
        match &self.name {
            OptionName::Ident(ident) => ident.to_string(),
            OptionName::Bare(_, meaning) => (*meaning).to_owned(),
        }
    }

    /// What to mark when it should not be there.
    pub(super) fn place(&self) -> TokenStream {
        match &self.name {
            OptionName::Ident(ident) => ident.to_token_stream(),
            OptionName::Bare(literal, _) => literal.to_token_stream(),
        }
    }

    /// What stands behind the `=`.
    pub(super) fn value(&self) -> Option<&Expr> {
        match &self.value {
            Value::Is(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn ident(&self) -> Option<&Ident> {
        match &self.name {
            OptionName::Ident(ident) => Some(ident),
            OptionName::Bare(..) => None,
        }
    }

    /// The text of an option that is a text on its own.
    pub(super) fn bare(&self) -> Option<&LitStr> {
        match &self.name {
            OptionName::Ident(_) => None,
            OptionName::Bare(literal, _) => Some(literal),
        }
    }

    /// What to mark when the value is wrong: the value, or the option if it has none.
    fn wrong(&self, errors: &Errors, message: &str) {
        match &self.value {
            Value::Is(value) => errors.at(value, message),
            Value::List(values) if !values.is_empty() => {
                errors.at(
                    values.iter().fold(TokenStream::new(), |all, value| quote::quote!(#all #value)),
                    message,
                );
            }
            _ => errors.at(self.ident(), message),
        }
    }

    /// `option = "text"`.
    pub(super) fn string(&self, errors: &Errors) -> Option<LitStr> {
        self.string_as(options::example(&self.key()), errors)
    }

    /// `option = "text"`, of which `example` is one.
    pub(super) fn string_as(&self, example: &str, errors: &Errors) -> Option<LitStr> {
        if let OptionName::Bare(literal, _) = &self.name {
            return Some(literal.clone());
        }
        let found = match &self.value {
            Value::Is(value) => string(value),
            _ => None,
        };
        if found.is_none() {
            self.wrong(errors, &format!("`{0}` takes a text; write `{0} = \"{example}\"`", self.key()));
        }
        found
    }

    /// `option = "text"` with something in it.
    pub(super) fn text(&self, errors: &Errors) -> Option<LitStr> {
        let literal = self.string(errors)?;
        if literal.value().trim().is_empty() {
            errors.at(&literal, format!("`{}` is empty; write something or leave it out", self.key()));
        }
        Some(literal)
    }

    /// `option("a", "b")` or `option = "a"`.
    pub(super) fn strings(&self, errors: &Errors) -> Option<Vec<LitStr>> {
        let values: Vec<&Expr> = match &self.value {
            Value::List(values) => values.iter().collect(),
            Value::Is(value) => vec![value],
            Value::None => Vec::new(),
        };
        let key = self.key();
        let message = format!("`{key}` takes texts; write `{key}({})`", options::examples(&key));
        if values.is_empty() {
            self.wrong(errors, &message);
            return None;
        }
        let mut texts = Vec::new();
        for value in values {
            match string(value) {
                Some(text) if text.value().is_empty() => {
                    errors.at(text, "an empty text; write something or leave it out")
                }
                Some(text) => texts.push(text),
                None => errors.at(value, &message),
            }
        }
        Some(texts)
    }

    /// `option` or `option = true`.
    pub(super) fn flag(&self, errors: &Errors) -> Option<bool> {
        match &self.value {
            Value::None => Some(true),
            Value::Is(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) => Some(value.value),
            _ => {
                self.wrong(
                    errors,
                    &format!("`{0}` takes no value; write `{0}` or `{0} = false`", self.key()),
                );
                None
            }
        }
    }

    /// `option = 8`, at least 1.
    pub(super) fn positive(&self, errors: &Errors) -> Option<u32> {
        let found = match &self.value {
            Value::Is(Expr::Lit(ExprLit { lit: Lit::Int(value), .. })) => value.base10_parse::<u32>().ok(),
            _ => None,
        };
        let found = found.filter(|number| *number > 0);
        if found.is_none() {
            self.wrong(
                errors,
                &format!("`{0}` takes a whole number from 1; write it as in `{0} = 8`", self.key()),
            );
        }
        found
    }

    /// `qos = 0` or `qos = 1`.
    pub(super) fn qos(&self, errors: &Errors) -> Option<u8> {
        let found = match &self.value {
            Value::Is(Expr::Lit(ExprLit { lit: Lit::Int(value), .. })) => value.base10_parse::<u8>().ok(),
            _ => None,
        };
        let found = found.filter(|qos| *qos < 2);
        if found.is_none() {
            self.wrong(errors, "`qos` is 0 or 1, for nothing here uses QoS 2; write `qos = 0` or `qos = 1`");
        }
        found
    }

    /// `option = ::some::path`.
    pub(super) fn path(&self, errors: &Errors) -> Option<Path> {
        match &self.value {
            Value::Is(Expr::Path(path)) => Some(path.path.clone()),
            _ => {
                self.wrong(
                    errors,
                    &format!("`{0}` takes a path; write it as in `{0} = ::mqtt_agent`", self.key()),
                );
                None
            }
        }
    }

    /// `option = expression` or `option(expression, ..)`.
    pub(super) fn expressions(&self, errors: &Errors) -> Vec<Expr> {
        match &self.value {
            Value::Is(value) => vec![value.clone()],
            Value::List(values) if !values.is_empty() => values.clone(),
            _ => {
                self.wrong(
                    errors,
                    &format!("`{0}` takes a value; write `{0} = value` or `{0}(value, value)`", self.key()),
                );
                Vec::new()
            }
        }
    }

    /// `option = expression`.
    pub(super) fn expression(&self, errors: &Errors) -> Option<Expr> {
        match &self.value {
            Value::Is(value) => Some(value.clone()),
            _ => {
                self.wrong(errors, &format!("`{0}` takes a value; write `{0} = value`", self.key()));
                None
            }
        }
    }
}

/// A value that came through a `macro_rules!` fragment is in a group that nobody sees.
pub(super) fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}

fn string(value: &Expr) -> Option<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        _ => None,
    }
}
