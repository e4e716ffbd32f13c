//! From tokens to the model.

mod agent;
mod arg;
mod doc;
mod error;
mod function;
mod inline;
mod published;
mod remote;
mod test;
mod tool;
mod topic;
mod word;

pub(crate) use agent::agent;
pub(crate) use error::error;
pub(crate) use remote::remote;
pub(crate) use test::test;
pub(crate) use tool::tool;
pub(crate) use topic::{event, handler, is_declaration};
