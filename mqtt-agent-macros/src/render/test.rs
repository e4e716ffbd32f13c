//! `#[mqtt_agent::test]`: a function for the test harness that runs the user's function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ReturnType;

use super::place::{Place, private};
use crate::model::Test;

/// How long a test may take that does not say.
const LIMIT_MS: u64 = 60_000;

/// For
///
/// ```text
/// #[mqtt_agent::test(agent = Agent::new("thermostat"))]
/// async fn sets_target(agent: TestAgent) { .. }
/// ```
///
/// this:
///
/// ```text
/// #[test]
/// fn sets_target() {
///     async fn sets_target(agent: TestAgent) { .. }
///     testing::run(
///         "sets_target",
///         60_000,
///         async { let agent: Agent = Agent::new("thermostat"); agent },
///         |agent| async move { Ok(sets_target(<TestAgent as FromTest>::boxed_from_test(&agent).await?).await) },
///     )
/// }
/// ```
pub(crate) fn test(test: &Test) -> TokenStream {
    let private = private(test.krate.as_ref());
    let Test { function, attributes, parameters, agent, timeout_ms, krate: _ } = test;
    let ident = &function.sig.ident;
    let output = &function.sig.output;
    let limit = timeout_ms.unwrap_or(LIMIT_MS);
    let name = ident.to_string();
    let this = Ident::new("__agent", Span::mixed_site());
    let own = match agent {
        // With its type beside it: what is no agent is reported at the user's expression.
        Some(expression) => quote!({ let #this: #private::Agent = #expression; #this }),
        None => quote!(#private::testing::agent()),
    };
    let parameters = parameters.iter().map(|ty| {
        let take =
            Place::of(ty).around(&quote!(<), ty, &quote!(as #private::testing::FromTest>::boxed_from_test));
        quote!(#take(&#this).await?)
    });
    let error =
        quote!(::std::boxed::Box<dyn ::std::error::Error + ::core::marker::Send + ::core::marker::Sync>);
    let output_type = match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => quote!(#ty),
    };
    let body = quote_spanned! {Span::mixed_site()=>
        {
            #function
            #private::testing::run(
                #name,
                #limit,
                async { #own },
                |#this: #private::testing::TestAgent| async move {
                    ::core::result::Result::<#output_type, #error>::Ok(#ident(#(#parameters),*).await)
                },
            )
        }
    };
    let visibility = &function.vis;
    quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #ident() #output #body
    }
}
