//! From the model to code. Generated code names nothing but `mqtt_agent::__private`, the standard library by its full
//! path, and what the user wrote; it stays small, for generic work is done in the runtime once for each type.

mod arg;
mod error;
mod list;
mod place;
mod test;
mod tool;
mod words;

pub(crate) use error::{error, stub as error_stub};
pub(crate) use list::tools;
pub(crate) use test::test;
pub(crate) use tool::{stub, tool};
