//! The type behind `#[event]` and a request's typed caller: a setter for each placeholder of the topic, and one method
//! that compiles only if each placeholder is set.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use crate::model::{Function, Topic};

/// What differs between the two.
pub(super) struct Builder<'b> {
    pub(super) name: &'b Ident,
    /// What it wraps, a type of the runtime with `with`, `timeout` and the last method.
    pub(super) holds: TokenStream,
    pub(super) doc: String,
    pub(super) must_use: &'static str,
    /// The method that sends.
    pub(super) last: TokenStream,
    pub(super) last_doc: TokenStream,
    pub(super) gives: TokenStream,
}

pub(super) fn ty(
    function: &Function,
    topic: &Topic,
    builder: &Builder<'_>,
    private: &TokenStream,
) -> TokenStream {
    let Builder { name, holds, doc, must_use, last, last_doc, gives } = builder;
    let (shared, visibility) = (&function.shared, &function.visibility);
    let all: Vec<_> =
        (0..topic.template.placeholders.len()).map(|index| format_ident!("__P{index}")).collect();
    let last_name = last.to_string();
    let own = ["timeout", last_name.as_str()];
    let setters = topic
        .template
        .placeholders
        .iter()
        .enumerate()
        // A mistake that was told already.
        .filter(|(_, placeholder)| !own.contains(&placeholder.name.as_str()))
        .filter_map(|(index, _)| setter(function, topic, name, &all, index, private));
    quote! {
        #(#shared)*
        #[doc = #doc]
        #[must_use = #must_use]
        #visibility struct #name<#(#all = #private::Unset),*> {
            draft: #private::#holds,
            set: ::core::marker::PhantomData<(#(#all,)*)>,
        }
        #(#setters)*
        #(#shared)*
        impl<#(#all),*> #name<#(#all),*> {
            /// How long to wait. Default: the client's timeout, 30 s.
            #visibility fn timeout(mut self, timeout: ::core::time::Duration) -> Self {
                self.draft = self.draft.timeout(timeout);
                self
            }

            #last_doc
            #visibility fn #last(self, client: &#private::Client) -> #gives
            where
                #(#all: #private::IsSet,)*
            {
                self.draft.#last(client)
            }
        }
        #(#shared)*
        impl<#(#all),*> ::core::fmt::Debug for #name<#(#all),*> {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Debug::fmt(&self.draft, f)
            }
        }
    }
}

fn setter(
    function: &Function,
    topic: &Topic,
    name: &Ident,
    all: &[Ident],
    index: usize,
    private: &TokenStream,
) -> Option<TokenStream> {
    let placeholder = topic.template.placeholders.get(index)?;
    let arg = function.args.iter().find(|arg| arg.level.as_deref() == Some(placeholder.name.as_str()))?;
    let (ty, key, shared, visibility) = (&arg.ty, &placeholder.name, &function.shared, &function.visibility);
    let span = topic.literal.span();
    let setter = match syn::parse_str::<Ident>(key) {
        Ok(_) => Ident::new(key, span),
        Err(_) => Ident::new_raw(key, span),
    };
    let others = all.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, other)| other);
    let with = |own: TokenStream| {
        let arguments = all
            .iter()
            .enumerate()
            .map(|(other, parameter)| if other == index { own.clone() } else { quote!(#parameter) });
        quote!(#name<#(#arguments),*>)
    };
    let (before, after) = (with(quote!(#private::Unset)), with(quote!(#private::Set)));
    let doc = format!("Sets the placeholder `{{{key}}}` of the topic.");
    Some(quote! {
        #(#shared)*
        impl<#(#others),*> #before {
            #[doc = #doc]
            #[must_use]
            #visibility fn #setter(self, value: #ty) -> #after {
                #name { draft: self.draft.with(#key, &value), set: ::core::marker::PhantomData }
            }
        }
    })
}

/// `AlarmEvent` for `alarm`; `ThermostatAlarmEvent` for a method of `Thermostat`.
pub(super) fn name(function: &Ident, owner: Option<&Ident>, what: &str) -> Ident {
    let mut text = owner.map(|owner| owner.unraw().to_string()).unwrap_or_default();
    for part in function.unraw().to_string().split('_') {
        let mut characters = part.chars();
        text.extend(characters.next().map(|first| first.to_uppercase().to_string()));
        text.push_str(characters.as_str());
    }
    text.push_str(what);
    // Of `fn _1()`.
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        text.insert(0, '_');
    }
    Ident::new(&text, function.span())
}
