//! [`AgentImpl`]: what `#[agent]` generates for a type.

use std::marker::PhantomData;

use crate::handler::registry::{AgentDef, BlockDef, CardDef, same};

/// A type whose methods are tools, skills and topic handlers. `#[agent]` on an `impl` block implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no agent",
    label = "has no methods that could be served",
    note = "write `#[agent]` above an `impl` block of the type, and `#[tool]` or `#[skill]` above the methods in it"
)]
pub trait AgentImpl: Sized + 'static {
    /// The agent's id, unless `Agent::id` sets another.
    const ID: &'static str;
    /// What the agent serves and publishes.
    #[doc(hidden)]
    const DEF: AgentDef;
}

#[diagnostic::do_not_recommend]
impl<T: OnlyOneAgentBlockIsWithoutPart> AgentImpl for T {
    const ID: &'static str = T::ID;
    const DEF: AgentDef = AgentDef::new(T::ID, T::CARD, T::BLOCKS);
}

/// What the main `#[agent]` block, the one without `part`, generates.
// Its name is what rustc says of a second one.
#[doc(hidden)]
pub trait OnlyOneAgentBlockIsWithoutPart: Sized + 'static {
    /// The agent's id.
    const ID: &'static str;
    /// The card from `#[derive(AgentCard)]`, if the type has it.
    const CARD: Option<&'static CardDef>;
    /// This block, and the parts that it lists.
    const BLOCKS: &'static [BlockDef];
}

/// What a block with `#[agent(part = "..")]` generates. The number encodes the part's name.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no part of this name",
    label = "no `#[agent(part = \"..\")]` above an `impl` block says it",
    note = "write that above the block with the part's methods, or remove the name here"
)]
pub trait AgentPart<const NAME: u64>: Sized + 'static {
    /// Used by the block, so that the compiler checks whether the part is listed.
    const LISTED: ();
    /// The block.
    const BLOCK: BlockDef;
}

/// Implemented if the block without `part` lists the part.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "no `#[agent]` block of `{Self}` lists this part",
    label = "nothing of it would be served",
    note = "write `#[agent(parts(\"..\"))]` with its name above the `impl` block that has no `part`"
)]
pub trait ListsPart<const NAME: u64> {
    /// Named by the part.
    const LISTED: () = ();
}

/// A type that handlers can share. Generated code requires it of the user's type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an agent",
    label = "its handlers run on several threads at once, and it cannot be shared between them",
    note = "make it `Send + Sync`: put what changes into a `Mutex`, an atomic or behind a channel"
)]
pub trait Shareable {
    /// Used by generated code, so that the compiler checks the trait.
    const SHARED: () = ();
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Shareable for T {}

/// A type that describes an agent. `#[derive(AgentCard)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` says nothing of an agent",
    label = "has no card",
    note = "derive `AgentCard` for it, with `#[card(id = \"..\", version = \"..\")]`"
)]
pub trait AgentCard {
    /// The card's content.
    const CARD: &'static CardDef;
}

/// Finds the card of a type that may have one: an inherent constant wins over that of [`NoCard`].
#[doc(hidden)]
#[derive(Debug)]
pub struct CardOf<T>(PhantomData<T>);

impl<T: AgentCard> CardOf<T> {
    /// The type's own.
    pub const CARD: Option<&'static CardDef> = Some(T::CARD);
}

/// The constant of [`CardOf`] for a type without a card.
#[doc(hidden)]
pub trait NoCard {
    /// None.
    const CARD: Option<&'static CardDef> = None;
}

impl<T> NoCard for CardOf<T> {}

/// The id of a block: the card's id, if there is a card.
#[doc(hidden)]
#[must_use]
pub const fn id_of(card: Option<&'static CardDef>, own: &'static str) -> &'static str {
    match card {
        // A card with mistakes has no id.
        Some(card) if !card.id().is_empty() => card.id(),
        _ => own,
    }
}

/// Refuses a block that names another id than the card of its type.
// Evaluated by the compiler: the panic is the message.
#[doc(hidden)]
#[allow(clippy::panic)]
#[track_caller]
pub const fn check_id(card: Option<&'static CardDef>, own: &'static str) {
    if !same(id_of(card, own), own) {
        panic!("the card of this type has another `id`; remove this one");
    }
}
