//! Holds a range against the type of its parameter: a bound that no value of the type can have is a mistake.

use syn::{GenericArgument, Path, PathArguments, Type};

use crate::model::{Limits, Number};

/// The ends of a type of whole numbers that is known by its name. Those of 128 bits are as JSON is read.
const TYPES: [(&str, i128, i128); 12] = [
    ("u8", 0, u8::MAX as i128),
    ("u16", 0, u16::MAX as i128),
    ("u32", 0, u32::MAX as i128),
    ("u64", 0, u64::MAX as i128),
    ("u128", 0, u64::MAX as i128),
    ("usize", 0, u64::MAX as i128),
    ("i8", i8::MIN as i128, i8::MAX as i128),
    ("i16", i16::MIN as i128, i16::MAX as i128),
    ("i32", i32::MIN as i128, i32::MAX as i128),
    ("i64", i64::MIN as i128, i64::MAX as i128),
    ("i128", i64::MIN as i128, u64::MAX as i128),
    ("isize", i64::MIN as i128, i64::MAX as i128),
];

/// What is wrong with the lower and with the upper bound.
pub(super) fn wrong(limits: &Limits, ty: &Type) -> (Option<String>, Option<String>) {
    let Some((name, least, most)) = ends(ty) else { return (None, None) };
    let whole = |number: Option<Number>| match number {
        Some(Number::Int(value)) => Some(i128::from(value)),
        Some(Number::Uint(value)) => Some(i128::from(value)),
        Some(Number::Float(_)) | None => None,
    };
    let told = |value: i128, excluded: i128| {
        if value < least {
            return Some(format!("`{value}` is no `{name}`, which begins at {least}; write {least} or more"));
        }
        let greatest = most + excluded;
        (value > greatest)
            .then(|| format!("`{value}` is no `{name}`, which ends at {most}; write {greatest} or less"))
    };
    let excluded = i128::from(limits.max_excluded);
    (whole(limits.min).and_then(|min| told(min, 0)), whole(limits.max).and_then(|max| told(max, excluded)))
}

/// Of `u8`, and of an `Option` of it.
fn ends(ty: &Type) -> Option<(&'static str, i128, i128)> {
    let path = path(ty)?;
    if let Some(ident) = path.get_ident() {
        return TYPES.into_iter().find(|(name, ..)| ident == name);
    }
    let last = path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(within) if arguments.args.len() == 1 => {
            let ident = self::path(within)?.get_ident()?;
            TYPES.into_iter().find(|(name, ..)| ident == name)
        }
        _ => None,
    }
}

fn path(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Group(group) => path(&group.elem),
        Type::Paren(paren) => path(&paren.elem),
        Type::Path(ty) if ty.qself.is_none() => Some(&ty.path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use syn::parse_quote;

    fn limits(min: Option<i64>, max: Option<i64>, max_excluded: bool) -> Limits {
        Limits { min: min.map(Number::Int), max: max.map(Number::Int), max_excluded }
    }

    #[test]
    fn a_bound_that_the_type_does_not_have_is_told() {
        let of = |limits: &Limits, ty: Type| wrong(limits, &ty);
        let (min, max) = of(&limits(Some(1), Some(300), false), parse_quote!(u8));
        assert_eq!(
            (min, max.unwrap().as_str()),
            (None, "`300` is no `u8`, which ends at 255; write 255 or less")
        );
        let (min, max) = of(&limits(Some(-1), Some(7), false), parse_quote!(Option<u32>));
        assert_eq!(
            (min.unwrap().as_str(), max),
            ("`-1` is no `u32`, which begins at 0; write 0 or more", None)
        );
        assert!(of(&limits(Some(300), None, false), parse_quote!(u8)).0.is_some());
        assert!(of(&limits(None, Some(-1), false), parse_quote!(u8)).1.is_some());
    }

    #[test]
    fn what_the_type_has_and_what_is_not_known_is_left_alone() {
        let of = |limits: &Limits, ty: Type| wrong(limits, &ty) == (None, None);
        assert!(of(&limits(Some(0), Some(256), true), parse_quote!(u8)));
        assert!(of(&limits(Some(-128), Some(127), false), parse_quote!(i8)));
        assert!(of(&limits(Some(-1), Some(300), false), parse_quote!(f64)));
        assert!(of(&limits(Some(-1), Some(300), false), parse_quote!(Level)));
        assert!(of(&limits(Some(-1), Some(300), false), parse_quote!(Vec<u8>)));
        let most = Limits { min: None, max: Some(Number::Uint(u64::MAX)), max_excluded: false };
        for ty in ["u64", "u128", "usize", "i128"] {
            assert!(of(&most, syn::parse_str(ty).unwrap()), "{ty}");
        }
    }
}
