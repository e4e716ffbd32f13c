#![deny(warnings, missing_docs)]
//! Names: across modules and bodies, with separators, from `macro_rules!`, under `#[cfg]`.

use mqtt_agent::prelude::*;

/// Adds. One name differs from the next by its separator alone.
#[tool("get-sum")]
pub fn dashed() {}

/// Adds.
#[tool("get_sum")]
pub fn underscored() {}

/// Adds.
#[tool("get.sum")]
pub fn dotted() {}

macro_rules! constant {
    ($function:ident, $name:literal, $title:expr, $most:expr, $ty:ty) => {
        /// Gives a number back.
        #[tool(name = $name, title = $title, crate = ::mqtt_agent)]
        fn $function(#[arg(range = 0..=$most, default = $most)] n: $ty) -> $ty {
            n
        }
    };
}

constant!(seven, "number-7", "Seven", 7, u8);
constant!(nine, "number-9", "Nine", 9, i64);

/// The one of two that is compiled.
#[tool]
#[cfg(all())]
fn chosen() -> u8 {
    1
}

/// The other.
#[cfg(any())]
#[tool]
fn chosen() -> u8 {
    2
}

/// The third.
#[tool]
#[cfg(any())]
fn chosen() -> u8 {
    3
}

/// Still served.
#[deprecated = "write `chosen`"]
#[tool]
fn old() {}

/// With attributes of others.
#[tool]
#[inline]
#[must_use]
#[allow(unused_variables)]
fn decorated(
    #[allow(unused_mut)] mut n: u8,
    #[arg(rename = "pair", example = (1, 2))] (a, b): (u8, u8),
    /** A list. */
    list: Vec<u8>,
) -> u8 {
    n
}

fn main() {
    /// In a body.
    #[tool("in-a-body")]
    fn local() {}

    let list = tools![dashed, underscored, dotted, seven, nine, chosen, old, decorated, local];
    assert_eq!(
        list.map(|tool| tool.name()),
        ["get-sum", "get_sum", "get.sum", "number-7", "number-9", "chosen", "old", "decorated", "in-a-body"]
    );
    assert!(list[8].location().to_string().contains("names.rs:"));
}
