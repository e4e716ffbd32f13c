//! The payload of an event or a request.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::place::Place;
use crate::model::Arg;

/// `<Alarm as EventPayload>::schema`, at the type.
pub(super) fn of_payload(arg: &Arg, item: &TokenStream, private: &TokenStream) -> TokenStream {
    let ty = without_lifetime(&arg.ty);
    Place::of(&arg.ty).around(&quote!(<), ty, &quote!(as #private::EventPayload>::#item))
}

/// A payload is what is behind a reference.
pub(super) fn without_lifetime(ty: &syn::Type) -> TokenStream {
    match ty {
        syn::Type::Reference(reference) => reference.elem.to_token_stream(),
        other => other.to_token_stream(),
    }
}
