//! Several `#[agent]` blocks of one type: how the block without `part` and its parts find each other.
//!
//! Each part implements a trait for the type, with a number instead of its name, and the block without `part` reads the
//! part's definitions from it. So the compiler finds parts that are not listed and parts that do not exist, also in
//! generic blocks, and nothing has to be collected when the program starts.

use proc_macro2::TokenStream;
use quote::quote;

use super::place::Place;
use crate::model::{Agent, Name};

/// The number that stands for a name, for no text can be a parameter of a trait: FNV-1a.
fn number(name: &Name) -> u64 {
    name.text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What a part leaves behind. Two parts of one name are two implementations of one trait, and rustc marks both.
pub(super) fn part(
    agent: &Agent,
    name: &Name,
    bounds: &TokenStream,
    block: &TokenStream,
    private: &TokenStream,
) -> TokenStream {
    let (own, number, place) = (&agent.item.self_ty, number(name), Place::at(name.span));
    let (generics, ..) = agent.item.generics.split_for_impl();
    let listed =
        place.around(&quote!(<Self as #private::ListsPart<#number>>), TokenStream::new(), &quote!(::LISTED));
    quote! {
        #[doc(hidden)]
        impl #generics #private::AgentPart<#number> for #own #bounds {
            const LISTED: () = #listed;
            const BLOCK: #private::BlockDef = #block;
        }
    }
}

/// The blocks of the parts that are listed, each at its name.
pub(super) fn blocks(agent: &Agent, private: &TokenStream) -> TokenStream {
    let blocks = agent.parts.iter().map(|name| {
        let number = number(name);
        let path = quote!(<Self as #private::AgentPart<#number>>);
        Place::at(name.span).around(&path, TokenStream::new(), &quote!(::BLOCK,))
    });
    blocks.collect()
}

/// What tells each part that it is listed.
pub(super) fn listed(agent: &Agent, bounds: &TokenStream, private: &TokenStream) -> TokenStream {
    let own = &agent.item.self_ty;
    let (generics, ..) = agent.item.generics.split_for_impl();
    let new = |(index, name): &(usize, &Name)| {
        agent.parts.iter().take(*index).all(|earlier| earlier.text != name.text)
    };
    let listed = agent.parts.iter().enumerate().filter(new).map(|(_, name)| {
        let number = number(name);
        quote! {
            #[doc(hidden)]
            impl #generics #private::ListsPart<#number> for #own #bounds {}
        }
    });
    listed.collect()
}

/// What refuses a name that two blocks give, at the later part. For a type without parameters: those of others are
/// checked where they are served.
pub(super) fn checks(agent: &Agent, private: &TokenStream) -> TokenStream {
    let own = &agent.item.self_ty;
    let checks = agent.parts.iter().enumerate().map(|(index, name)| {
        // Before it there is the block itself.
        let index = index + 1;
        let blocks = quote!(<#own as #private::OnlyOneAgentBlockIsWithoutPart>::BLOCKS);
        let check = Place::at(name.span).around(
            &quote!(#private::BlockDef::assert_new_part),
            TokenStream::new(),
            &quote!((#blocks, #index)),
        );
        quote!(const _: () = #check;)
    });
    checks.collect()
}
