//! Compares generated code with the files in `snapshots/`: its size and shape matter to users.
//! `UPDATE_EXPECT=1 cargo test -p mqtt-agent-macros` updates the files.
#![allow(clippy::unwrap_used)]

use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::*;

/// Code as a person would format it.
fn formatted(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

#[::core::prelude::v1::test]
fn tool() {
    let item = quote! {
        /// Current weather for a city.
        async fn weather(
            /// City name, in English.
            city: String,
            #[arg(range = 0..=7)] days: Option<u8>,
            cx: &Context,
        ) -> Result<Report, WeatherError> {
            look_up(city, days, cx).await
        }
    };
    let expanded = expand_tool(quote!(read_only, timeout = "5s"), item);
    expect_file!["../snapshots/tool.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn tool_with_a_mistake() {
    let expanded = expand_tool(
        quote!(readonly),
        quote!(
            /** Nothing. */
            pub fn nothing() {}
        ),
    );
    expect_file!["../snapshots/tool_with_a_mistake.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn tool_with_layers() {
    let item = quote! {
        /// Opens a valve.
        fn open(valve: u32) {}
    };
    let options = quote!(layer(ConcurrencyByKey::by_argument(1, "valve"), office_only()));
    let expanded = expand_tool(options, item);
    expect_file!["../snapshots/tool_with_layers.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn tools() {
    let list = render::tools(quote!(weather, other::forecast));
    expect_file!["../snapshots/tools.rs"].assert_eq(&formatted(quote!(fn main() { #list })));
}

#[::core::prelude::v1::test]
fn on() {
    let item = quote! {
        async fn reading(room: &str, number: u32, value: Reading) {
            store(room, number, value).await;
        }
    };
    let options = quote!("home/{room}/{number}/temperature", qos = 0, shared = "g");
    let expanded = expand_handler(HandlerKind::On, options, item);
    expect_file!["../snapshots/on.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn request() {
    let item = quote! {
        fn status(room: String) -> Result<Status, String> {
            look_up(room)
        }
    };
    let expanded = expand_handler(HandlerKind::Request, quote!("home/{room}/get"), item);
    expect_file!["../snapshots/request.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn event() {
    let item = quote! {
        /// A room is too warm.
        pub fn alarm(room: &str, alarm: &Alarm);
    };
    let expanded = expand_event(quote!("home/{room}/alarm", retain), item);
    expect_file!["../snapshots/event.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn agent() {
    let item = quote! {
        impl<S: Store> Home<S> {
            /// Heats.
            #[tool(idempotent)]
            async fn heat(&self, celsius: f64) {
                self.store.heat(celsius).await;
            }

            #[on("home/{room}")]
            fn heard(&self, room: &str) {
                self.store.heard(room);
            }

            fn of_its_own(&self) {}
        }
    };
    let expanded = expand_agent(quote!("home"), item);
    expect_file!["../snapshots/agent.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn agent_of_two_blocks() {
    let own = quote! {
        impl Home {
            /// Heats.
            #[tool]
            fn heat(&self) {}
        }
    };
    let part = quote! {
        impl Home {
            /// Cools.
            #[tool]
            fn cool(&self) {}
        }
    };
    let own = expand_agent(quote!("home", parts("cooling")), own);
    let part = expand_agent(quote!(part = "cooling"), part);
    expect_file!["../snapshots/agent_of_two_blocks.rs"].assert_eq(&formatted(quote!(#own #part)));
}

#[::core::prelude::v1::test]
fn remote() {
    let item = quote! {
        /// Accounts.
        pub trait Bank {
            /// Balance of an account.
            #[tool(read_only)]
            async fn balance(&self, account: AccountId, cx: &Context) -> Result<Money, BankError>;
        }
    };
    let expanded = expand_remote(quote!(prefix = "bank."), item);
    expect_file!["../snapshots/remote.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn remote_served() {
    let item = quote! {
        impl Bank for Savings {
            async fn balance(&self, account: AccountId, cx: &Context) -> Result<Money, BankError> {
                self.look_up(account, cx).await
            }
        }
    };
    expect_file!["../snapshots/remote_served.rs"].assert_eq(&formatted(expand_agent(quote!(), item)));
}

#[::core::prelude::v1::test]
fn contract() {
    let expanded = render::contract(quote!("contract.json", Keeper<Memory>));
    expect_file!["../snapshots/contract.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn tool_error() {
    let item = quote! {
        enum BankError {
            /// Nobody has an account of this name.
            #[tool_error("no account `{0}`; ask for another", code = "no_account")]
            NotFound(String),
            #[tool_error("closed", retry_after = wait)]
            Closed { wait: Duration },
            #[tool_error(internal)]
            Db(sqlx::Error),
        }
    };
    expect_file!["../snapshots/tool_error.rs"].assert_eq(&formatted(expand_error(item)));
}

#[::core::prelude::v1::test]
fn test() {
    let item = quote! {
        async fn adds(agent: TestAgent, client: Client) -> Result<(), CallError> {
            agent.call("add", client.id()).await.map(drop)
        }
    };
    let expanded = expand_test(quote!(agent = Agent::of(Home), timeout = "10s"), item);
    expect_file!["../snapshots/test.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn request_with_a_caller() {
    let item = quote! {
        fn status(room: String, #[arg(given)] caller: Caller) -> Result<Status, String> {
            look_up(room, caller)
        }
    };
    let expanded = expand_handler(HandlerKind::Request, quote!("home/{room}/get", caller), item);
    expect_file!["../snapshots/request_with_a_caller.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn skill() {
    let item = quote! {
        /// Summarizes a text.
        async fn summarize(task: Task, #[arg(length = 1..)] text: String) -> Result<Summary, Error> {
            look_at(task, text).await
        }
    };
    let options =
        quote!(tags("text"), output("text/plain"), timeout = "1h", on_crash = "retry", attempts = 5);
    expect_file!["../snapshots/skill.rs"].assert_eq(&formatted(expand_skill(options, item)));
}

#[::core::prelude::v1::test]
fn skill_with_a_mistake() {
    let item = quote! {
        /// Summarizes a text.
        fn summarize(text: String) {}
    };
    let expanded = expand_skill(quote!(on_crash = "again"), item);
    expect_file!["../snapshots/skill_with_a_mistake.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn skills() {
    let list = render::skills(quote!(summarize, other::translate));
    expect_file!["../snapshots/skills.rs"].assert_eq(&formatted(quote!(fn main() { #list })));
}

#[::core::prelude::v1::test]
fn agent_with_skills() {
    let item = quote! {
        impl Planner {
            /// Plans a trip.
            #[skill("plan", examples("Two days in Oslo"))]
            async fn plan(&self, task: Task, cx: &Context) -> Result<Plan, Error> {
                self.think(task, cx).await
            }
        }
    };
    expect_file!["../snapshots/agent_with_skills.rs"].assert_eq(&formatted(expand_agent(quote!(), item)));
}

#[::core::prelude::v1::test]
fn agent_card() {
    let item = quote! {
        /// Plans trips.
        ///
        /// By train.
        #[card(id = "planner", version = "1.2.0", provider("Us", "https://us.example"), tags("travel"))]
        #[card(capabilities("plan"), documentation = "https://us.example/doc", icon = "https://us.example/i.svg")]
        struct TripPlanner<S: Store = Memory>(S);
    };
    expect_file!["../snapshots/agent_card.rs"].assert_eq(&formatted(expand_card(item)));
}

#[::core::prelude::v1::test]
fn agent_card_with_mistakes() {
    let expanded = expand_card(quote!(
        struct Planner;
    ));
    expect_file!["../snapshots/agent_card_with_mistakes.rs"].assert_eq(&formatted(expanded));
}

#[::core::prelude::v1::test]
fn handlers() {
    let list = render::handlers(quote!(reading, other::status));
    expect_file!["../snapshots/handlers.rs"].assert_eq(&formatted(quote!(fn main() { #list })));
}
