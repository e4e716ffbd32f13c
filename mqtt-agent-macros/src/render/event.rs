//! `#[event]`: the function's body, and the type that it gives.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;

use super::function::{description, location};
use super::place::{Place, private};
use super::topic::topic;
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
    let private = private(event.words.krate.as_ref());
    let builder = name(&event.function.ident, None);
    let value = value(event, &private);
    let definition = quote! {{
        static DEFINITION: #private::EventDef = #value;
        #private::inventory::submit! { #private::RegisteredEvent(&DEFINITION) }
        &DEFINITION
    }};
    let function = function(event, &builder, &definition, &private);
    let ty = ty(event, &builder, &private);
    quote!(#function #ty)
}

/// What an `#[agent] impl` gets in the declaration's place, with the constant that holds the definition, and the type that
/// the method gives.
pub(super) fn method(event: &Event, owner: &Ident, private: &TokenStream) -> (TokenStream, TokenStream) {
    let builder = name(&event.function.ident, Some(owner));
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
    let topic = topic(&event.topic, private);
    let payload = match payload(event) {
        None => quote!(::core::option::Option::None),
        Some(arg) => {
            let ty = without_lifetime(&arg.ty);
            let schema =
                Place::of(&arg.ty).around(&quote!(<), ty, &quote!(as #private::EventPayload>::schema));
            quote!(::core::option::Option::Some(#schema))
        }
    };
    let qos = event.words.qos.iter().map(|qos| quote!(.qos(#qos)));
    let retain = event.words.retain.iter().map(|yes| quote!(.retain(#yes)));
    quote!(#private::EventDef::new(#name, #description, #topic, #payload, #location) #(#qos)* #(#retain)*)
}

fn payload(event: &Event) -> Option<&Arg> {
    event.function.args.iter().find(|arg| arg.level.is_none())
}

/// `<Alarm as EventPayload>::schema`, at the type.
fn of_payload(arg: &Arg, item: &TokenStream, private: &TokenStream) -> TokenStream {
    let ty = without_lifetime(&arg.ty);
    Place::of(&arg.ty).around(&quote!(<), ty, &quote!(as #private::EventPayload>::#item))
}

/// A payload is what is behind a reference.
fn without_lifetime(ty: &syn::Type) -> TokenStream {
    match ty {
        syn::Type::Reference(reference) => reference.elem.to_token_stream(),
        other => other.to_token_stream(),
    }
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
    let function = &event.function;
    let (shared, visibility) = (&function.shared, &function.visibility);
    let placeholders = &event.topic.template.placeholders;
    let all: Vec<_> = (0..placeholders.len()).map(|index| format_ident!("P{index}")).collect();
    let setters = placeholders.iter().enumerate().filter_map(|(index, placeholder)| {
        let arg = function.args.iter().find(|arg| arg.level.as_deref() == Some(placeholder.name.as_str()))?;
        let (ty, key) = (&arg.ty, &placeholder.name);
        let setter = Ident::new(key, event.topic.literal.span());
        let setter =
            if syn::parse_str::<Ident>(key).is_ok() { setter } else { Ident::new_raw(key, setter.span()) };
        let others: Vec<_> =
            all.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other).collect();
        let with = |own: TokenStream| {
            let arguments: Vec<_> = all
                .iter()
                .enumerate()
                .map(|(other, parameter)| if other == index { own.clone() } else { quote!(#parameter) })
                .collect();
            quote!(#builder<#(#arguments),*>)
        };
        let (before, after) = (with(quote!(#private::Unset)), with(quote!(#private::Set)));
        let doc = format!("Sets the placeholder `{{{key}}}` of the topic.");
        Some(quote! {
            #(#shared)*
            impl<#(#others),*> #before {
                #[doc = #doc]
                #[must_use]
                #visibility fn #setter(self, value: #ty) -> #after {
                    #builder { draft: self.draft.with(#key, &value), set: ::core::marker::PhantomData }
                }
            }
        })
    });
    let doc = format!(
        "An event for `{}` that is not published yet: set each placeholder of the topic, then publish.",
        event.topic.literal.value()
    );
    quote! {
        #(#shared)*
        #[doc = #doc]
        #[must_use = "an event is sent by `.publish(&client)`"]
        #visibility struct #builder<#(#all = #private::Unset),*> {
            draft: #private::Draft,
            set: ::core::marker::PhantomData<(#(#all,)*)>,
        }
        #(#setters)*
        #(#shared)*
        impl<#(#all),*> #builder<#(#all),*> {
            /// How long to wait for the broker. Default: the client's timeout, 30 s.
            #visibility fn timeout(mut self, timeout: ::core::time::Duration) -> Self {
                self.draft = self.draft.timeout(timeout);
                self
            }

            /// Publishes the event, and waits until the broker has it.
            ///
            /// # Errors
            ///
            /// When a placeholder's value is no level of a topic, the payload is no JSON, or the broker does not take it.
            #visibility fn publish(self, client: &#private::Client) -> #private::Publishing
            where
                #(#all: #private::IsSet,)*
            {
                self.draft.publish(client)
            }
        }
        #(#shared)*
        impl<#(#all),*> ::core::fmt::Debug for #builder<#(#all),*> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.draft, f)
            }
        }
    }
}

/// `AlarmEvent` for `alarm`; `ThermostatAlarmEvent` for a method of `Thermostat`.
fn name(function: &Ident, owner: Option<&Ident>) -> Ident {
    let mut text = owner.map(|owner| owner.unraw().to_string()).unwrap_or_default();
    for part in function.unraw().to_string().split('_') {
        let mut characters = part.chars();
        text.extend(characters.next().map(|first| first.to_uppercase().to_string()));
        text.push_str(characters.as_str());
    }
    text.push_str("Event");
    Ident::new(&text, function.span())
}
