//! `contract!`: one `#[test]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Ident, LitStr, Path, Token, Type};

use super::place::{Place, private};

/// `"contract.json", Thermostat<Memory>, crate = ::agents`
struct Contract {
    file: LitStr,
    agents: Vec<Type>,
    krate: Option<Path>,
}

impl Parse for Contract {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let file = input.parse()?;
        let (mut agents, mut krate) = (Vec::new(), None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            if input.peek(Token![crate]) && input.peek2(Token![=]) {
                input.parse::<Token![crate]>()?;
                input.parse::<Token![=]>()?;
                krate = Some(input.parse()?);
            } else {
                agents.push(input.parse()?);
            }
        }
        Ok(Self { file, agents, krate })
    }
}

/// `contract!("contract.json")` is
///
/// ```text
/// #[test]
/// fn contract() {
///     check_contract(env!("CARGO_MANIFEST_DIR"), "contract.json", &[]);
/// }
/// ```
pub(crate) fn contract(input: TokenStream) -> TokenStream {
    let Contract { file, agents, krate } = match Contract::parse.parse2(input) {
        Ok(contract) => contract,
        Err(error) => {
            let message =
                "a contract is a file, beside `Cargo.toml`; write it as in `contract!(\"contract.json\")`";
            return syn::Error::new(error.span(), message).to_compile_error();
        }
    };
    if file.value().is_empty() {
        let message = "the file has no name; write it as in `contract!(\"contract.json\")`";
        return syn::Error::new_spanned(file, message).to_compile_error();
    }
    let private = private(krate.as_ref());
    let test = Ident::new("contract", proc_macro2::Span::call_site());
    let agents =
        agents.iter().map(|ty| Place::of(ty).around(&quote!(<), ty, &quote!(as #private::AgentImpl>::DEF)));
    quote! {
        #[test]
        fn #test() {
            #private::check_contract(::core::env!("CARGO_MANIFEST_DIR"), #file, &[#(#agents),*]);
        }
    }
}
