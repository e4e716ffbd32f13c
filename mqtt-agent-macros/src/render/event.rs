//! `#[event]`: the function's body, and the type that it returns.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::builder::{self, Builder};
use super::function::{description, location};
use super::payload::{of_payload, without_lifetime};
use super::place::{Place, private};
use super::topic_def::topic_def;
use crate::model::{Arg, Event};

/// For
///
/// ```text
/// /// A room is too warm.
/// #[event("home/{room}/alarm", retain)]
/// pub fn alarm(room: &str, alarm: Alarm);
/// ```
///
/// ```text
/// /// A room is too warm.
/// pub fn alarm(alarm: Alarm) -> AlarmEvent {
///     AlarmEvent { draft: Draft::new(__event(), &alarm), set: PhantomData }
/// }
/// pub struct AlarmEvent<P0 = Unset> { draft: Draft, set: PhantomData<(P0,)> }
/// impl AlarmEvent<Unset> {
///     pub fn room(self, room: &str) -> AlarmEvent<Set> { .. }
/// }
/// impl<P0> AlarmEvent<P0> {
///     pub fn publish(self, client: &Client) -> Publishing where P0: IsSet { .. }
/// }
/// ```
pub(crate) fn event(event: &Event) -> TokenStream {
    let private = private(event.options.krate.as_ref());
    let builder = builder::name(&event.function.ident, None, "Event");
    let value = value(event, &private);
    let definition = quote! {{
        static __DEFINITION: #private::EventDef = #value;
        #private::inventory::submit! { #private::RegisteredEvent(&__DEFINITION) }
        &__DEFINITION
    }};
    let function = function(event, &builder, &definition, &private);
    let ty = ty(event, &builder, &private);
    quote!(#function #ty)
}

/// What an `#[agent] impl` gets in the declaration's place, with the constant that holds the definition, and the type that
/// the method gives.
pub(super) fn method(event: &Event, owner: &Ident, private: &TokenStream) -> (TokenStream, TokenStream) {
    let builder = builder::name(&event.function.ident, Some(owner), "Event");
    let (value, shared) = (value(event, private), &event.function.shared);
    let constant = constant(event);
    let method = function(event, &builder, &quote!(Self::#constant), private);
    let method = quote! {
        #(#shared)*
        #[doc(hidden)]
        const #constant: &'static #private::EventDef = &#value;
        #method
    };
    (method, ty(event, &builder, private))
}

/// The constant of a method's definition.
pub(super) fn constant(event: &Event) -> Ident {
    let name = event.function.ident.unraw().to_string().to_uppercase();
    Ident::new(&format!("__EVENT_{name}"), Span::mixed_site())
}

/// `EventDef::new("alarm", ..)`
fn value(event: &Event, private: &TokenStream) -> TokenStream {
    let function = &event.function;
    let name = function.ident.unraw().to_string();
    let (description, location) = (description(function, private), location(function, private));
    let topic = topic_def(&event.topic, private);
    let payload = match payload(event) {
        None => quote!(::core::option::Option::None),
        Some(arg) => {
            let ty = without_lifetime(&arg.ty);
            let schema =
                Place::of(&arg.ty).around(&quote!(<), ty, &quote!(as #private::EventPayload>::schema));
            quote!(::core::option::Option::Some(#schema))
        }
    };
    let qos = event.options.qos.iter().map(|qos| quote!(.qos(#qos)));
    let retain = event.options.retain.iter().map(|yes| quote!(.retain(#yes)));
    quote!(#private::EventDef::new(#name, #description, #topic, #payload, #location) #(#qos)* #(#retain)*)
}

fn payload(event: &Event) -> Option<&Arg> {
    event.function.args.iter().find(|arg| arg.level.is_none())
}

fn function(event: &Event, builder: &Ident, definition: &TokenStream, private: &TokenStream) -> TokenStream {
    let function = &event.function;
    let (attributes, visibility, ident) = (&event.attributes, &function.visibility, &function.ident);
    let receiver = event.receiver.iter();
    let (parameter, draft) = match payload(event) {
        None => (None, quote!(#private::Draft::empty(definition))),
        Some(arg) => {
            let ty = &arg.ty;
            let value = match ty {
                syn::Type::Reference(_) => quote!(payload),
                _ => quote!(&payload),
            };
            // Said like the schema: what is no payload is one error.
            let encode = of_payload(arg, &quote!(encode), private);
            (Some(quote!(payload: #ty)), quote!(#private::Draft::new(definition, #encode(#value))))
        }
    };
    let parameters = receiver.cloned().chain(parameter);
    quote! {
        #(#attributes)*
        #visibility fn #ident(#(#parameters),*) -> #builder {
            let definition: &'static #private::EventDef = #definition;
            #builder { draft: #draft, set: ::core::marker::PhantomData }
        }
    }
}

fn ty(event: &Event, builder: &Ident, private: &TokenStream) -> TokenStream {
    let topic = event.topic.literal.value();
    let publish = quote! {
        /// Publishes the event, and waits until the broker has it.
        ///
        /// # Errors
        ///
        /// When a placeholder's value is no level of a topic, the payload is no JSON, or the broker does not take it.
    };
    builder::ty(
        &event.function,
        &event.topic,
        &Builder {
            name: builder,
            holds: quote!(Draft),
            doc: format!(
                "An event for `{topic}` that is not published yet: set each placeholder, then publish."
            ),
            must_use: "an event is sent by `.publish(&client)`",
            last: quote!(publish),
            last_doc: publish,
            gives: quote!(#private::Publishing),
        },
        private,
    )
}
