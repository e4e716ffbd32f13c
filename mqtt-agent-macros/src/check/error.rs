//! What no single token of an error tells: words that do not go together, codes that clash.

use quote::ToTokens;
use syn::spanned::Spanned;

use crate::diag::Errors;
use crate::model::error::{ErrorType, Kind, Variant};
use crate::{names, words};

pub(crate) fn error(error: &ErrorType, errors: &Errors) {
    let mut codes: Vec<&str> = Vec::new();
    let mut sources: Vec<String> = Vec::new();
    for variant in &error.variants {
        together(variant, errors);
        if matches!(variant.kind, Kind::Told | Kind::Opaque) {
            code(variant, &mut codes, errors);
        }
        let Some(place) = variant.place_of(words::FROM).filter(|_| variant.from) else { continue };
        let [field] = variant.fields.as_slice() else {
            errors.at(place, "`from` makes the error of one value; use it where there is exactly one field");
            continue;
        };
        let source = field.ty.to_token_stream().to_string();
        if sources.contains(&source) {
            errors.at(
                place,
                "two errors are made from this type; remove one `from`, and make that error by hand",
            );
        }
        sources.push(source);
    }
}

fn code<'a>(variant: &'a Variant, codes: &mut Vec<&'a str>, errors: &Errors) {
    let code = &variant.code;
    if let Err(message) = names::code(&code.text) {
        errors.push(syn::Error::new(code.span, message));
    } else if codes.contains(&code.text.as_str()) {
        let message = format!(
            "two errors have the code `{}`; give one of them another with `code = \"..\"`",
            code.text
        );
        errors.push(syn::Error::new(code.span, message));
    }
    codes.push(&code.text);
}

/// Words that say the same, or the opposite.
fn together(variant: &Variant, errors: &Errors) {
    let refuse = |with: &[&str], message: &dyn Fn(&str) -> String| {
        for word in with {
            if let Some(place) = variant.place_of(word) {
                errors.at(place, message(word));
            }
        }
    };
    match variant.kind {
        Kind::Internal => {
            refuse(&[words::CODE], &|_| {
                "the caller reads the code `internal` of every `internal` error; remove `code`".to_owned()
            });
            refuse(&[words::OPAQUE, words::TRANSPARENT], &|word| {
                format!(
                    "an `internal` error tells its caller nothing, so it cannot be `{word}`; remove one of them"
                )
            });
        }
        Kind::Transparent => {
            let others = [words::MESSAGE, words::CODE, words::RETRY_AFTER, words::OPAQUE, words::INTERNAL];
            refuse(&others, &|word| {
                format!("a `transparent` error says what the error in it says; remove `{word}`")
            });
            if variant.fields.len() != 1
                && let Some(place) = variant.place_of(words::TRANSPARENT)
            {
                let message =
                    "`transparent` says what the error in it says; use it where there is exactly one field";
                errors.push(syn::Error::new(place.span(), message));
            }
        }
        // The last of them decided the kind.
        Kind::Opaque => refuse(&[words::INTERNAL, words::TRANSPARENT], &|word| {
            format!("`opaque` does not go with `{word}`; remove one of them")
        }),
        Kind::Told => {}
    }
}
