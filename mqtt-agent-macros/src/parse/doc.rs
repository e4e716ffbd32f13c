//! Descriptions from doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta};

/// The first paragraph, as one line; `None` where there is none.
pub(super) fn summary(attributes: &[Attribute]) -> Option<Expr> {
    let mut lines = Vec::new();
    for text in texts(attributes) {
        match text {
            Text::Line(line) if line.is_empty() && lines.is_empty() => {}
            Text::Line(line) if line.is_empty() => break,
            Text::Line(line) => lines.push(line),
            // `#[doc = include_str!("..")]`: known to the compiler only.
            Text::Expression(expression) => return Some(expression),
        }
    }
    (!lines.is_empty()).then(|| literal(&lines.join(" ")))
}

/// The whole text, as one line.
pub(super) fn whole(attributes: &[Attribute]) -> Expr {
    let mut lines = Vec::new();
    for text in texts(attributes) {
        match text {
            Text::Line(line) if line.is_empty() => {}
            Text::Line(line) => lines.push(line),
            Text::Expression(expression) => return expression,
        }
    }
    literal(&lines.join(" "))
}

enum Text {
    Line(String),
    Expression(Expr),
}

fn texts(attributes: &[Attribute]) -> impl Iterator<Item = Text> {
    let values = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => Some(&meta.value),
        _ => None,
    });
    values.flat_map(|value| match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
            // A `/** .. */` comment is one literal of several lines, each with its margin.
            let text = text.value();
            let block = text.contains('\n');
            let margin = |line: &str| match line.strip_prefix('*') {
                Some(rest) if block => rest.trim().to_owned(),
                _ => line.to_owned(),
            };
            text.split('\n').map(|line| Text::Line(margin(line.trim()))).collect::<Vec<_>>()
        }
        other => vec![Text::Expression(other.clone())],
    })
}

fn literal(text: &str) -> Expr {
    let literal = LitStr::new(text, proc_macro2::Span::call_site());
    syn::parse_quote!(#literal)
}
