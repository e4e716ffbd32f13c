//! Checks an error type for problems that need more than one token: options that conflict, codes that clash.

use quote::ToTokens;
use syn::spanned::Spanned;

use crate::diag::Errors;
use crate::model::error::{ErrorType, Kind, Variant};
use crate::{options, validate};

pub(crate) fn error(error: &ErrorType, errors: &Errors) {
    let mut codes: Vec<&str> = Vec::new();
    let mut sources: Vec<String> = Vec::new();
    for variant in &error.variants {
        together(variant, errors);
        if matches!(variant.kind, Kind::Told | Kind::Opaque) {
            code(variant, &mut codes, errors);
        }
        let Some(place) = variant.place_of(options::FROM).filter(|_| variant.from) else { continue };
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
    if let Err(message) = validate::code(&code.text) {
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

/// Options that say the same, or the opposite.
fn together(variant: &Variant, errors: &Errors) {
    let refuse = |with: &[&str], message: &dyn Fn(&str) -> String| {
        for option in with {
            if let Some(place) = variant.place_of(option) {
                errors.at(place, message(option));
            }
        }
    };
    match variant.kind {
        Kind::Internal => {
            refuse(&[options::CODE], &|_| {
                "the caller reads the code `internal` of every `internal` error; remove `code`".to_owned()
            });
            refuse(&[options::OPAQUE, options::TRANSPARENT], &|option| {
                format!(
                    "an `internal` error tells its caller nothing, so it cannot be `{option}`; remove one of them"
                )
            });
        }
        Kind::Transparent => {
            let others =
                [options::MESSAGE, options::CODE, options::RETRY_AFTER, options::OPAQUE, options::INTERNAL];
            refuse(&others, &|option| {
                format!("a `transparent` error says what the error in it says; remove `{option}`")
            });
            if variant.fields.len() != 1
                && let Some(place) = variant.place_of(options::TRANSPARENT)
            {
                let message =
                    "`transparent` says what the error in it says; use it where there is exactly one field";
                errors.push(syn::Error::new(place.span(), message));
            }
        }
        // The last of them decided the kind.
        Kind::Opaque => refuse(&[options::INTERNAL, options::TRANSPARENT], &|option| {
            format!("`opaque` does not go with `{option}`; remove one of them")
        }),
        Kind::Told => {}
    }
}
