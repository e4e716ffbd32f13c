#![no_implicit_prelude]
#![deny(warnings, missing_docs, unused)]
#![forbid(unsafe_code)]
//! Topics, agents and remotes name nothing that a user could shadow or be without.

/// Shadows.
pub mod shadowed {
    #![allow(dead_code, non_camel_case_types, non_upper_case_globals)]
    #![allow(missing_docs)]
    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Box;
    pub struct Send;
    pub struct Sync;
    pub struct Future;
    pub struct PhantomData;
    pub struct Clone;
    pub struct Debug;
    pub struct Default;
    pub struct CardOf;
    pub struct NoCard;
    pub const skill: u8 = 1;
    pub enum Some {}
    pub struct Ok;

    #[::mqtt_agent::on("a/{room}/{rest...}", qos = 0, shared = "g", concurrency = 2, timeout = "1s")]
    pub async fn heard(
        room: &str,
        rest: ::std::string::String,
        value: ::core::option::Option<u8>,
        cx: &::mqtt_agent::Context,
    ) -> ::core::result::Result<(), ::std::string::String> {
        let _ = (room, rest, value, cx);
        ::core::result::Result::Ok(())
    }

    #[::mqtt_agent::request("b/{room}", blocking)]
    pub fn asked(_room: u8, payload: ::mqtt_agent::topic::Payload) -> u8 {
        let _ = payload;
        1
    }

    #[::mqtt_agent::event("c/{room}/{type}", retain, qos = 1)]
    pub fn told(room: u8, r#type: &str, value: &[u8]);

    /// State.
    pub struct Home<S> {
        pub store: S,
    }

    #[::mqtt_agent::agent("home", parts("upstairs", "bank"))]
    impl<S> Home<S>
    where
        S: ::core::marker::Send + ::core::marker::Sync,
    {
        /// Adds.
        #[::mqtt_agent::tool(read_only)]
        pub async fn add_there(&self, a: i64, cx: &::mqtt_agent::Context) -> i64 {
            let _ = (cx, &self.store);
            a
        }

        /// Works.
        #[::mqtt_agent::skill(tags("a"), on_crash = "fail")]
        pub async fn work(&self, task: ::mqtt_agent::Task, cx: &::mqtt_agent::Context) -> i64 {
            let _ = (task, cx, &self.store);
            1
        }

        /// Without the value.
        #[::mqtt_agent::tool]
        pub fn constant() -> i64 {
            1
        }

        #[::mqtt_agent::on("d/{room}")]
        pub fn heard(&self, room: u8) {
            let _ = room;
        }

        #[::mqtt_agent::event("e/{room}")]
        pub fn told(&self, room: u8, value: u8);
    }

    #[::mqtt_agent::agent(part = "upstairs")]
    impl<S> Home<S>
    where
        S: ::core::marker::Send + ::core::marker::Sync,
    {
        /// Adds.
        #[::mqtt_agent::tool]
        pub async fn add_upstairs(&self, a: i64) -> i64 {
            let _ = &self.store;
            a
        }

        #[::mqtt_agent::request("d/{room}/upstairs", caller)]
        pub fn asked_upstairs(&self, room: u8) -> ::core::result::Result<u8, ::std::string::String> {
            ::core::result::Result::Ok(room)
        }

        #[::mqtt_agent::event("e/{room}/upstairs")]
        pub fn told_upstairs(&self, room: u8, value: u8);
    }

    #[::mqtt_agent::agent(part = "bank")]
    impl<S: ::core::marker::Send + ::core::marker::Sync + 'static> Bank for Home<S> {
        async fn balance(
            &self,
            account: ::std::string::String,
            cx: &::mqtt_agent::Context,
        ) -> ::core::result::Result<u64, ::std::string::String> {
            let _ = cx;
            ::core::result::Result::Err(account)
        }
    }

    /// Has a card and nothing else.
    #[derive(::mqtt_agent::AgentCard)]
    #[card(id = "desk", version = "1")]
    pub struct Desk;

    #[::mqtt_agent::agent]
    impl Desk {
        /// Sums up.
        #[skill]
        pub fn sum_up(&self) {}
    }

    #[::mqtt_agent::remote(prefix = "bank.")]
    pub trait Bank {
        /// What is there.
        async fn balance(
            &self,
            account: ::std::string::String,
            cx: &::mqtt_agent::Context,
        ) -> ::core::result::Result<u64, ::std::string::String>;

        /// What is there, at once.
        #[tool(idempotent)]
        fn now(&self, #[arg(rename = "pair")] (a, b): (u8, u8)) -> ::core::result::Result<u64, ::std::string::String> {
            ::core::result::Result::Ok(::core::convert::Into::into(::core::ops::Add::add(a, b)))
        }
    }

    pub struct Mine;

    #[::mqtt_agent::agent]
    impl Bank for Mine {
        async fn balance(
            &self,
            account: ::std::string::String,
            cx: &::mqtt_agent::Context,
        ) -> ::core::result::Result<u64, ::std::string::String> {
            let _ = cx;
            ::core::result::Result::Err(account)
        }
    }
}

/// Uses all of it.
pub async fn uses(client: &::mqtt_agent::Client) {
    let _ = shadowed::told(&[1, 2]).room(7).r#type("x").publish(client).await;
    let home = shadowed::Home { store: 1_u8 };
    let _ = home.told(1).room(7).publish(client).await;
    let bank = shadowed::BankRemote::new(client);
    let _ = bank.balance(::std::convert::Into::into("ada")).await;
    let _ = bank.now((1, 2)).await;
}

fn main() {
    let _ = ::mqtt_agent::handlers![shadowed::heard, self::shadowed::asked];
    let _ = ::mqtt_agent::Agent::of(shadowed::Mine).with(shadowed::Home { store: 1_u8 });
    let _ = uses;
}
