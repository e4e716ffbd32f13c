//! The model of a type with `#[derive(ToolError)]`.

use proc_macro2::{Ident, TokenStream};
use syn::{Generics, LitStr, Member, Path, Type};

use super::Name;
use crate::message::Template;

/// An enum, or a struct as an enum of one variant.
pub(crate) struct ErrorType {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    pub(crate) is_enum: bool,
    pub(crate) variants: Vec<Variant>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}

/// One way to fail.
pub(crate) struct Variant {
    /// The struct's own for a struct.
    pub(crate) ident: Ident,
    pub(crate) named: bool,
    pub(crate) fields: Vec<Field>,
    /// The first paragraph of the doc comment.
    pub(crate) description: Option<LitStr>,
    pub(crate) message: Option<Message>,
    pub(crate) code: Name,
    pub(crate) kind: Kind,
    pub(crate) retry: Option<Retry>,
    pub(crate) from: bool,
    /// The options that were written, with what to mark when one does not go with another.
    pub(crate) said: Vec<(String, TokenStream)>,
}

/// Who may know of the error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The caller: message, code and data.
    Told,
    /// The caller, but not the values in it.
    Opaque,
    /// The log alone.
    Internal,
    /// Who is told the error in it.
    Transparent,
}

pub(crate) struct Field {
    pub(crate) member: Member,
    /// As it is on the wire and in messages.
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// `"no account `{0}`"`
pub(crate) struct Message {
    pub(crate) literal: LitStr,
    pub(crate) template: Template,
}

/// When to try again.
pub(crate) enum Retry {
    Milliseconds(u64),
    /// What this field says, and where it was named.
    Field(usize, TokenStream),
}

impl Variant {
    pub(crate) fn place_of(&self, option: &str) -> Option<&TokenStream> {
        self.said.iter().find(|(said, _)| said == option).map(|(_, place)| place)
    }
}
