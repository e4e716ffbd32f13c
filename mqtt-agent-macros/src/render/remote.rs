//! `#[remote] trait`: the trait for the server, and the client.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{ItemTrait, ReturnType, TraitItem, Type};

use super::place::{Place, private};
use super::{agent, arg, tool};
use crate::model::{Agent, Arg, Remote, RemoteMethod};

/// What stands in for a remote that has mistakes, so that code that serves or calls it adds no mistake of its own.
pub(crate) fn trait_alone(remote: &Remote) -> TokenStream {
    let private = private(remote.krate.as_ref());
    if !remote.item.generics.params.is_empty() {
        return remote.item.to_token_stream();
    }
    let (item, client) = (item(remote, &TokenStream::new(), &private), client(remote, &private));
    quote!(#item #client)
}

/// For
///
/// ```text
/// #[remote]
/// pub trait Bank {
///     /// Balance of an account.
///     async fn balance(&self, account: AccountId) -> Result<Money, BankError>;
/// }
/// ```
///
/// ```text
/// pub trait Bank: Sized + Send + Sync + 'static {
///     /// Balance of an account.
///     fn balance(&self, account: AccountId) -> impl Future<Output = Result<Money, BankError>> + Send;
///     const __REMOTE_ATTRIBUTE_ON_THE_TRAIT: &'static [&'static ToolDef] = &[&{ .. }];
/// }
/// pub struct BankRemote { client: Client }
/// impl BankRemote {
///     pub fn new(client: &Client) -> Self { .. }
///     /// Balance of an account.
///     pub fn balance(&self, account: AccountId) -> RemoteCall<Result<Money, BankError>> { .. }
/// }
/// ```
///
/// The definitions are in the trait, so that code with the trait in scope can serve it.
pub(crate) fn remote(remote: &Remote) -> TokenStream {
    let private = private(remote.krate.as_ref());
    let tools = remote.methods.iter().map(|method| {
        let (shared, value) = (&method.tool.function.shared, tool::value(&method.tool, &private));
        quote!(#(#shared)* &#value,)
    });
    let item = item(remote, &tools.collect(), &private);
    let client = client(remote, &private);
    let checks = remote.methods.iter().map(|method| checks(method, &private));
    quote!(#item #client #(#checks)*)
}

/// The trait, with the definitions of its tools.
fn item(remote: &Remote, tools: &TokenStream, private: &TokenStream) -> ItemTrait {
    let mut item = remote.item.clone();
    for bound in [
        quote!(::core::marker::Sized),
        quote!(::core::marker::Send),
        quote!(::core::marker::Sync),
        quote!('static),
    ] {
        item.colon_token.get_or_insert_default();
        item.supertraits.push(syn::parse_quote!(#bound));
    }
    for member in &mut item.items {
        if let TraitItem::Fn(method) = member
            && method.sig.asyncness.take().is_some()
        {
            // Futures that may move between threads: `async fn` in a trait does not say so.
            let output = match &method.sig.output {
                ReturnType::Default => quote!(()),
                ReturnType::Type(_, ty) => ty.to_token_stream(),
            };
            method.sig.output = syn::parse_quote!(
                -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
            );
            if let Some(block) = &method.default {
                method.default = Some(syn::parse_quote!({ async move #block }));
            }
        }
    }
    item.items.push(TraitItem::Verbatim(quote! {
        #[doc(hidden)]
        const __REMOTE_ATTRIBUTE_ON_THE_TRAIT: &'static [&'static #private::ToolDef] = &[#tools];
    }));
    item
}

/// What can be told before anybody serves the trait: that what the calling side leaves out is what the agent gives, and
/// that a method returns a `Result`.
fn checks(method: &RemoteMethod, private: &TokenStream) -> TokenStream {
    let function = &method.tool.function;
    let given = function.args.iter().filter_map(|argument| {
        argument.options.given.as_ref()?;
        let (ty, place) = (&argument.ty, Place::of(&argument.ty));
        let need = place.around(&quote!(<), ty, &quote!(as #private::Param<'_>>::NEED));
        Some(place.around(&quote!(#private::check_given), TokenStream::new(), &quote!((#need, true);)))
    });
    let reply = &function.reply;
    let is_result = Place::of(reply).around(&quote!(<), reply, &quote!(as #private::RemoteReply>::IS_ONE));
    let shared = &function.shared;
    quote!(#(#shared)* const _: () = { #(#given)* #is_result };)
}

/// A reference is never an argument; of all else the user says it.
fn is_given(arg: &Arg) -> bool {
    arg.options.given.is_some() || matches!(arg.ty, Type::Reference(_))
}

fn client(remote: &Remote, private: &TokenStream) -> TokenStream {
    let (visibility, ident) = (&remote.item.vis, &remote.item.ident);
    let client = client_of(ident);
    // Of that name the client has one already; the mistake is told.
    let callable = remote.methods.iter().filter(|method| method.tool.function.ident != "new");
    let methods = callable.map(|method| {
        let RemoteMethod { tool, attributes } = method;
        let function = &tool.function;
        let (name, text) = (&function.ident, &tool.name.text);
        let arguments: Vec<_> =
            function.args.iter().enumerate().filter(|(_, argument)| !is_given(argument)).collect();
        let bindings: Vec<_> = arguments
            .iter()
            .map(|(index, argument)| match &argument.name {
                Some(name) if syn::parse_str::<Ident>(&name.text).is_ok() && !argument.renamed => {
                    Ident::new(&name.text, proc_macro2::Span::mixed_site())
                }
                _ => format_ident!("argument_{index}"),
            })
            .collect();
        let types = arguments.iter().map(|(_, argument)| &argument.ty);
        let sent = arguments.iter().zip(&bindings).map(|((index, argument), binding)| {
            let key = arg::wire_name(argument, *index);
            let (ty, place) = (&argument.ty, Place::of(&argument.ty));
            let add = arg::of_duration(argument, "add", private)
                .unwrap_or_else(|| place.around(&quote!(<), ty, &quote!(as #private::Sent>::add)));
            quote!(.with(#key, &#binding, #add))
        });
        let reply =
            Place::of(&function.reply).around(&quote!(#private::RemoteCall<), &function.reply, &quote!(>));
        quote! {
            #(#attributes)*
            #visibility fn #name(&self, #(#bindings: #types),*) -> #reply {
                let arguments = <#private::RemoteArguments as ::core::default::Default>::default();
                #private::RemoteCall::new(&self.client, #text, arguments #(#sent)*)
            }
        }
    });
    let doc = format!("Calls the tools of [`{ident}`], wherever they are served.");
    quote! {
        #[doc = #doc]
        #[derive(::core::fmt::Debug, ::core::clone::Clone)]
        #visibility struct #client {
            client: #private::Client,
        }

        impl #client {
            /// Calls over this client's connection. In a handler give it `Context::client()`: the calls then end with the
            /// handler.
            #[must_use]
            #visibility fn new(client: &#private::Client) -> Self {
                Self { client: ::core::clone::Clone::clone(client) }
            }

            #(#methods)*
        }
    }
}

fn client_of(ident: &Ident) -> Ident {
    format_ident!("{ident}Remote", span = ident.span())
}

/// `#[agent] impl Bank for MyBank`: the trait has the definitions already.
pub(crate) fn served(agent: &Agent) -> TokenStream {
    let private = private(agent.krate.as_ref());
    let Some((path, _)) = &agent.item.trait_ else { return agent::block(agent) };
    let place = Place::of(path);
    let tools = place.around(&quote!(<Self as), path, &quote!(>::__REMOTE_ATTRIBUTE_ON_THE_TRAIT));
    agent::implementation(agent, &agent.item.to_token_stream(), &tools, &private)
}
