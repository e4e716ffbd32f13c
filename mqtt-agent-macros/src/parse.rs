//! Parses tokens into the model.

mod agent;
mod arg;
mod attribute;
mod card;
mod doc;
mod error;
mod function;
mod inline;
mod option;
mod published;
mod remote;
mod skill;
mod test;
mod tool;
mod topic;
mod within;

pub(crate) use agent::agent;
pub(crate) use card::card;
pub(crate) use error::error;
pub(crate) use remote::remote;
pub(crate) use skill::skill;
pub(crate) use test::test;
pub(crate) use tool::tool;
pub(crate) use topic::{event, handler, is_declaration};
