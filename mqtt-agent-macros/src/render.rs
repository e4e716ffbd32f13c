//! Renders the model to code. Generated code only uses `mqtt_agent::__private`, the standard library by its full path,
//! and the user's own items. It stays small, because generic work is done in the runtime, once for each type.

mod agent;
mod arg;
mod builder;
mod card;
mod contract;
mod definition;
mod error;
mod event;
mod function;
mod list;
mod options;
mod part;
mod payload;
mod place;
mod published;
mod remote;
mod request_client;
mod skill;
mod test;
mod tool;
mod topic;
mod topic_def;

pub(crate) use agent::{agent, block};
pub(crate) use card::{card, stub as card_stub};
pub(crate) use contract::contract;
pub(crate) use error::{error, stub as error_stub};
pub(crate) use event::event;
pub(crate) use list::{handlers, skills, tools};
pub(crate) use remote::{remote, served, trait_alone};
pub(crate) use skill::{skill, stub as skill_stub};
pub(crate) use test::test;
pub(crate) use tool::{stub, tool};
pub(crate) use topic::{handler, stub as handler_stub};
