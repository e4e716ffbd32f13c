//! The definition of a topic.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Topic;

/// `TopicDef::new("home/{room}", "home/+", &[PlaceholderDef::new("room", 1, false)])`
pub(super) fn topic_def(topic: &Topic, private: &TokenStream) -> TokenStream {
    let (literal, filter) = (&topic.literal, &topic.template.filter);
    let placeholders = topic.template.placeholders.iter().map(|placeholder| {
        let (name, level, rest) = (&placeholder.name, placeholder.level, placeholder.rest);
        quote!(#private::PlaceholderDef::new(#name, #level, #rest))
    });
    quote!(#private::TopicDef::new(#literal, #filter, &[#(#placeholders),*]))
}
