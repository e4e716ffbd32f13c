//! `#[request(.., caller)]`: a function that sends requests to the handler.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt;

use super::builder::{self, Builder};
use super::payload::of_payload;
use super::place::Place;
use super::topic_def::topic_def;
use crate::model::{Arg, Handler};

/// For `#[request("home/{room}/get", caller)] fn get(room: &str, query: Query) -> Result<Status, NotFound>`
///
/// ```text
/// /// Asks [`get`] ..
/// fn get_request(payload: Query) -> GetRequest {
///     const __TOPIC: TopicDef = TopicDef::new(..);
///     GetRequest { draft: Ask::new(__TOPIC, <Query as EventPayload>::encode(&payload)), set: PhantomData }
/// }
/// struct GetRequest<P0 = Unset> { .. }
/// ```
///
/// and that the reply is a `Result`, for asking can fail. Of a method of an agent the function is one as well.
pub(super) fn request_client(
    handler: &Handler,
    owner: Option<&Ident>,
    private: &TokenStream,
) -> Option<(TokenStream, TokenStream)> {
    handler.options.caller.as_ref()?;
    let function = &handler.function;
    let (shared, visibility, reply) = (&function.shared, &function.visibility, &function.reply);
    let name = function.ident.unraw();
    let ask = format_ident!("{name}_request", span = function.ident.span());
    let builder = builder::name(&function.ident, owner, "Request");
    let definition = topic_def(&handler.topic, private);
    let (parameter, draft) = match handler.function.args.iter().find(|arg| is_payload(arg)) {
        None => (None, quote!(#private::Ask::empty(__TOPIC))),
        Some(arg) => {
            let ty = &arg.ty;
            let encode = of_payload(arg, &quote!(encode), private);
            (Some(quote!(payload: #ty)), quote!(#private::Ask::new(__TOPIC, #encode(&payload))))
        }
    };
    let doc =
        format!("Asks on `{}`: set each placeholder of the topic, then send.", handler.topic.literal.value());
    let function_of_caller = quote! {
        #(#shared)*
        #[doc = #doc]
        #visibility fn #ask(#parameter) -> #builder {
            const __TOPIC: #private::TopicDef = #definition;
            #builder { draft: #draft, set: ::core::marker::PhantomData }
        }
    };
    let place = Place::of(reply);
    let is_result = place.around(&quote!(<), reply, &quote!(as #private::RemoteReply>::IS_ONE));
    let last_doc = quote! {
        /// Sends the request, and waits for the answer.
        ///
        /// # Errors
        ///
        /// The handler's own error, or that the request or its answer did not arrive.
    };
    let builder = Builder {
        name: &builder,
        holds: quote!(Ask),
        doc,
        must_use: "a request is sent by `.send(&client)`",
        last: quote!(send),
        last_doc,
        gives: place.around(&quote!(#private::Asking<), reply, &quote!(>)),
    };
    let ty = builder::ty(function, &handler.topic, &builder, private);
    Some((function_of_caller, quote!(#ty #(#shared)* const _: () = #is_result;)))
}

/// What a caller sends: a reference is none, nor is what says that the agent gives it.
fn is_payload(arg: &Arg) -> bool {
    arg.level.is_none() && arg.options.given.is_none() && !matches!(arg.ty, Type::Reference(_))
}
