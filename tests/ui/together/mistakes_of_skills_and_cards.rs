use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill("sum up", on_crash = "again", attempts = 0, input("text"))]
async fn summarize(#[arg(range = 7..=0)] sentences: u8) -> impl Sized {
    sentences
}

#[derive(AgentCard)]
#[card(id = "the planner", icon = "icon.svg", provider("Rail"))]
struct Planner;

#[agent]
impl Planner {
    /// Plans a trip.
    #[skill(exmples("Two days in Oslo"))]
    async fn plan(&mut self, to: String) -> String {
        to
    }
}

fn card_of<T: AgentCard>() -> &'static str {
    T::CARD.id()
}

fn main() {
    let _ = (skills![summarize], Agent::of(Planner), card_of::<Planner>());
}
