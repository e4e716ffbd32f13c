#![no_implicit_prelude]
#![deny(warnings, missing_docs, unused)]
#![forbid(unsafe_code)]
//! Generated code names nothing that a user could shadow or be without.

/// Shadows.
pub mod shadowed {
    #![allow(dead_code, missing_docs, non_camel_case_types)]
    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Box;
    pub struct Vec;
    pub enum Some {}
    pub struct Ok;

    /// Adds.
    #[::mqtt_agent::tool(read_only, title = "Add", timeout = "5s", concurrency = 3, tags("a"), allow("b"), version = "1")]
    pub async fn add(
        /// The first.
        a: i64,
        #[arg(range = 0..=10, default = 3, example = 4)] b: i64,
        #[arg(length = 1..=3, pattern = "^a", default = "abc", rename = "text")] c: ::std::string::String,
        cx: &::mqtt_agent::Context,
        caller: ::mqtt_agent::Caller,
        ::mqtt_agent::State(state): ::mqtt_agent::State<u8>,
        partials: ::mqtt_agent::Partials<u8>,
    ) -> ::core::result::Result<i64, ::std::string::String> {
        let _ = (cx, caller, state, partials, c);
        ::core::result::Result::Ok(::core::ops::Add::add(a, b))
    }

    /// Does nothing.
    #[::mqtt_agent::tool]
    pub fn nothing() {}

    /// Blocks.
    #[::mqtt_agent::tool(blocking)]
    pub fn blocks(n: u8) -> u8 {
        n
    }
}

fn main() {
    let _ = ::mqtt_agent::tools![shadowed::add, shadowed::nothing, self::shadowed::blocks];
}
