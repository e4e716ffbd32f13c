//! The crate under another name.

extern crate mqtt_agent as renamed;

mod inner {
    #[derive(renamed::ToolError)]
    #[tool_error("too large", code = "overflow", crate = ::renamed)]
    pub(crate) struct Overflow;

    #[derive(renamed::ToolError)]
    #[tool_error(crate = renamed)]
    pub(crate) enum Failed {
        #[tool_error(transparent, from)]
        Overflow(Overflow),
        #[tool_error("no number: {0}")]
        NoNumber(String),
    }

    /// Adds.
    #[renamed::tool("add", crate = ::renamed)]
    pub(crate) async fn add(a: i64, b: i64) -> Result<i64, Failed> {
        if a < 0 {
            return Err(Failed::NoNumber(a.to_string()));
        }
        a.checked_add(b).ok_or(Failed::Overflow(Overflow))
    }
}

fn main() {
    /// In a function's body.
    #[renamed::tool(crate = renamed)]
    fn local() {}

    let _ = renamed::tools![inner::add, local];
}

mod more {
    #[renamed::on("a/{room}", crate = ::renamed)]
    pub(crate) fn heard(room: u8) {
        let _ = room;
    }

    #[renamed::event("a/{room}", crate = ::renamed)]
    pub(crate) fn told(room: u8);

    pub(crate) struct Home;

    /// Sums up.
    #[renamed::skill(crate = ::renamed, on_crash = "fail")]
    pub(crate) fn sum_up(task: renamed::Task) {
        let _ = task;
    }

    /// Warm.
    #[derive(renamed::AgentCard)]
    #[card(id = "card", version = "1", crate = ::renamed)]
    pub(crate) struct Card;

    #[renamed::agent(crate = ::renamed)]
    impl Home {
        /// Keeps warm.
        #[skill]
        pub(crate) fn keep_warm(&self) {}

        /// Heats.
        #[tool]
        pub(crate) fn heat(&self) {}

        #[on("b/{room}")]
        pub(crate) fn heard(&self, room: u8) {
            let _ = room;
        }

        #[event("c/{room}")]
        pub(crate) fn told(&self, room: u8);
    }

    #[renamed::remote(crate = ::renamed)]
    pub(crate) trait Bank {
        /// What is there.
        async fn balance(&self) -> Result<u64, String>;
    }

    pub(crate) struct Mine;

    #[renamed::agent(crate = ::renamed)]
    impl Bank for Mine {
        async fn balance(&self) -> Result<u64, String> {
            Ok(1)
        }
    }
}

#[allow(dead_code)]
fn more() {
    let _ = (renamed::handlers![more::heard], more::told().room(1), more::Home.told().room(1));
    let _ = renamed::Agent::of(more::Home).with(more::Mine);
    let _ = more::BankRemote::new;
    let _ = (renamed::skills![more::sum_up], <more::Card as renamed::AgentCard>::CARD.id());
    more::Home.heat();
    more::Home.keep_warm();
    more::Home.heard(1);
}
