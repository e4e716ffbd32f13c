//! `#[on]` and `#[request]`: one `static` definition, as for a tool.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::arg;
use super::function::{self, at_reply, definition};
use super::options::layers;
use super::place::private;
use super::request_client::request_client;
use super::topic_def::topic_def;
use crate::model::{Handler, HandlerKind};

/// In the name of the hidden function.
pub(super) const ATTRIBUTE: &str = "on_or_request";

/// For
///
/// ```text
/// #[on("home/{room}/temperature", qos = 1)]
/// async fn reading(room: &str, value: Reading) { .. }
/// ```
///
/// the function as it is, and
///
/// ```text
/// const fn __put_on_or_request_above_reading_or_write_its_full_path() -> &'static HandlerDef {
///     static __DEFINITION: HandlerDef = {
///         let handler = HandlerDef::new(
///             HandlerKind::On,
///             "reading",
///             "",
///             TopicDef::new("home/{room}/temperature", "home/+/temperature", &[PlaceholderDef::new("room", 1, false)]),
///             &[ArgDef::new("value", "", <Reading as Param<'_>>::NEED)],
///             unanswered,
///             Handler::Async({ fn __handle<'__call, __Any>(call: &mut Call<'__call>) -> .. { .. } __handle::<()> }),
///             Location::new(file!(), line!()),
///         );
///         check_message(&handler, 0, true);
///         handler.error_codes(&codes(..)).qos(1)
///     };
///     inventory::submit! { RegisteredHandler(&__DEFINITION, option_env!("CARGO_PKG_NAME")) }
///     &__DEFINITION
/// }
/// ```
///
/// The snapshot `snapshots/on.rs` has the whole of it, with paths.
pub(crate) fn handler(handler: &Handler) -> TokenStream {
    let private = private(handler.options.krate.as_ref());
    let register = function::register(&quote!(RegisteredHandler), &private);
    let (caller, ty) = request_client(handler, None, &private).unzip();
    let value = value(handler, &private);
    let definition =
        definition(&handler.function, ATTRIBUTE, &quote!(#private::HandlerDef), &value, &register);
    quote!(#definition #caller #ty)
}

/// What stands in for a handler that has mistakes, so that a list which names it, or who asks it, adds none of its own.
pub(crate) fn stub(handler: &Handler) -> TokenStream {
    let private = private(handler.options.krate.as_ref());
    let ty = quote!(#private::HandlerDef);
    let (caller, builder) = request_client(handler, None, &private).unzip();
    let broken = quote!(#private::HandlerDef::BROKEN);
    let definition = definition(&handler.function, ATTRIBUTE, &ty, &broken, &TokenStream::new());
    quote!(#definition #caller #builder)
}

/// The definition itself.
pub(super) fn value(handler: &Handler, private: &TokenStream) -> TokenStream {
    let function = &handler.function;
    let this = Ident::new("handler", Span::mixed_site());
    let from_message: Vec<_> = function.args.iter().filter(|arg| arg.level.is_none()).collect();
    let from_message = || from_message.iter().enumerate();
    let definitions = from_message().map(|(index, arg)| arg::definition(arg, index, private));
    let checks = from_message().map(|(index, arg)| arg::message_check(arg, index, &this, private));
    let name = syn::ext::IdentExt::unraw(&function.ident).to_string();
    let description = function::description(function, private);
    let topic = topic_def(&handler.topic, private);
    let (kind, schema, value) = match handler.kind {
        HandlerKind::On => {
            let value = at_reply(function, &quote!(#private::Unanswered), &quote!(::into_answer));
            (quote!(On), quote!(#private::unanswered), value)
        }
        HandlerKind::Request => {
            let (schema, value) = function::described(function, "schema", private);
            (quote!(Request), schema, value)
        }
    };
    let run = function::handler(function, handler.options.blocking.as_ref(), &value, private);
    let location = function::location(function, private);
    let errors = function::errors(function, private);
    let options = options(handler, private);
    quote! {
        {
            // In scope for types that `ReplyOf` knows nothing better of.
            use #private::PlainReply as _;
            let #this = #private::HandlerDef::new(
                #private::HandlerKind::#kind,
                #name,
                #description,
                #topic,
                &[#(#definitions),*],
                #schema,
                #run,
                #location,
            );
            #(#checks)*
            #this #errors #options
        }
    }
}

fn options(handler: &Handler, private: &TokenStream) -> TokenStream {
    let options = &handler.options;
    let qos = options.qos.iter().map(|qos| quote!(.qos(#qos)));
    let shared = options.shared.iter().map(|group| quote!(.shared(#group)));
    let reply = options.reply.iter().map(|filter| quote!(.reply(#filter)));
    let timeout = options.timeout_ms.iter().map(|milliseconds| quote!(.timeout_ms(#milliseconds)));
    let concurrency = options.concurrency.iter().map(|messages| quote!(.concurrency(#messages)));
    let layers = layers(&options.layers, private);
    quote!(#(#qos)* #(#shared)* #(#reply)* #(#timeout)* #(#concurrency)* #layers)
}
