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
    pub struct Task;
    pub struct SkillDef;
    pub struct OnCrash;
    pub struct CardDef;
    pub trait AgentCard {}
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

    /// Sums up.
    #[::mqtt_agent::skill(
        "sum-up",
        name = "Sum",
        tags("a"),
        examples("b"),
        input("text/plain"),
        output("text/plain"),
        timeout = "1h",
        concurrency = 4,
        on_crash = "retry",
        attempts = 2
    )]
    pub async fn sum_up(
        task: ::mqtt_agent::Task,
        #[arg(length = 1..=3, default = "abc", rename = "text")] c: ::std::string::String,
        cx: &::mqtt_agent::Context,
        ::mqtt_agent::State(state): ::mqtt_agent::State<u8>,
    ) -> ::core::result::Result<i64, ::std::string::String> {
        let _ = (task, cx, state, c);
        ::core::result::Result::Ok(1)
    }

    /// Fails.
    #[::mqtt_agent::skill(blocking, on_crash = "fail")]
    pub fn fails(task: ::mqtt_agent::Task) {
        let _ = task;
    }

    /// Has a card.
    #[derive(::mqtt_agent::AgentCard)]
    #[card(id = "planner", version = "1", name = "P", provider("a", "https://a.example"), tags("a"), capabilities("b"))]
    #[card(documentation = "https://a.example", icon = "https://a.example")]
    pub struct Planner<T>
    where
        T: ::core::marker::Send,
    {
        /// Something.
        pub thing: T,
    }

    /// Blocks.
    #[::mqtt_agent::tool(blocking)]
    pub fn blocks(n: u8) -> u8 {
        n
    }
}

fn main() {
    let _ = ::mqtt_agent::skills![shadowed::sum_up, self::shadowed::fails];
    let _ = <shadowed::Planner<u8> as ::mqtt_agent::AgentCard>::CARD.id();
    let _ = ::mqtt_agent::tools![shadowed::add, shadowed::nothing, self::shadowed::blocks];
}
