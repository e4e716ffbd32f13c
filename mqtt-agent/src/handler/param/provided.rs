//! Parameters that the runtime supplies: [`Context`], [`Caller`], [`Partials`].

use schemars::JsonSchema;
use serde::Serialize;

use super::{ArgumentError, Borrowed, Call, Need, Param};
use crate::handler::context::{Caller, Context};
use crate::handler::partials::Partials;

#[diagnostic::do_not_recommend]
impl Borrowed for Context {}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for &'a Context {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(call.context())
    }
}

#[diagnostic::do_not_recommend]
impl<'a> Param<'a> for Caller {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(call.context().caller().clone())
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: Serialize + JsonSchema> Param<'a> for Partials<T> {
    const NEED: Need = Need::Partials { schema: |generator| generator.subschema_for::<T>() };

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(Self::new(call.context().partials()))
    }
}
