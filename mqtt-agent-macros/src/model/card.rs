//! The model of a struct with `#[derive(AgentCard)]`.

use proc_macro2::Ident;
use syn::{Expr, Generics, LitStr, Path};

use super::Name;

/// A struct with a card.
pub(crate) struct Card {
    pub(crate) ident: Ident,
    pub(crate) generics: Generics,
    /// Whether it is a struct: what is none has been told.
    pub(crate) is_struct: bool,
    pub(crate) description: Option<Expr>,
    pub(crate) options: CardOptions,
}

/// What `#[card(..)]` says. The `said_` fields tell an option that is missing from one whose value could not be read.
#[derive(Default)]
pub(crate) struct CardOptions {
    pub(crate) id: Option<Name>,
    pub(crate) said_id: bool,
    pub(crate) version: Option<LitStr>,
    pub(crate) said_version: bool,
    pub(crate) name: Option<LitStr>,
    pub(crate) provider: Option<(LitStr, LitStr)>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) capabilities: Vec<LitStr>,
    pub(crate) documentation: Option<LitStr>,
    pub(crate) icon: Option<LitStr>,
    /// Where `mqtt_agent` is, if not at `::mqtt_agent`.
    pub(crate) krate: Option<Path>,
}
