//! Skills and cards: a card is found where there is one, and in no other case.

use mqtt_agent::AgentImpl;
use mqtt_agent::prelude::*;

/// Summarizes a text.
#[skill("sum-up", name = "Summary", tags("text"), examples("Sum this up"), attempts = 5, on_crash = "retry")]
async fn summarize(task: Task, cx: &Context, State(most): State<usize>, text: String) -> Result<String, String> {
    let _ = (task, cx);
    Ok(text.chars().take(most).collect())
}

/// Reads aloud. It has another id than the tool of this name: they are two namespaces.
#[skill(blocking, input("text/plain"), output("audio/ogg; codecs=opus"), timeout = "1h", concurrency = 2, on_crash = "fail")]
fn read(task: Task, #[arg(default = 1.0)] speed: f64) {
    let _ = (task, speed);
}

mod tools {
    use super::*;

    /// Reads.
    #[tool]
    pub fn read() -> u8 {
        1
    }
}

/// Plans trips.
#[derive(AgentCard)]
#[card("planner", version = "1.2.0")]
#[card(tags("travel"), capabilities("plan"))]
struct TripPlanner;

#[agent]
impl TripPlanner {
    /// Plans a trip.
    #[skill]
    async fn plan(&self, task: Task, to: String) -> String {
        to + task.id()
    }

    /// Without the value.
    #[skill]
    async fn unplan(_task: Task) {}

    /// A tool beside the skills.
    #[tool]
    fn trips(&self) -> u8 {
        1
    }
}

struct Plain;

#[agent]
impl Plain {
    /// Works.
    #[skill]
    fn work(&self) {}
}

trait Store: Send + Sync + 'static {}

impl Store for u8 {}

/// Keeps what it is given.
#[derive(AgentCard)]
#[card(id = "keeper", version = "1", name = "The Keeper", icon = "https://keeper.example/icon.svg")]
struct Keeper<S: Store = u8>
where
    S: Send,
{
    store: S,
}

#[agent("keeper")]
impl<S: Store> Keeper<S> {
    /// Keeps.
    #[skill]
    fn keep(&self, text: String) {
        let _ = (&self.store, text);
    }
}

struct Bare<S>(S);

#[agent]
impl<S: Store> Bare<S> {
    /// Keeps.
    #[skill("keep-bare")]
    fn keep(&self) {
        let _ = &self.0;
    }
}

/// Has lifetimes, constants and fields with attributes of others.
#[derive(AgentCard)]
#[card(id = "lent", version = "1")]
#[allow(dead_code)]
struct LentOut<'a, const N: usize> {
    #[allow(unused)]
    text: &'a [u8; N],
}

/// With a raw name.
#[derive(AgentCard)]
#[card(id = "raw", version = "1")]
#[allow(non_camel_case_types)]
struct r#struct;

fn main() {
    assert_eq!(skills![summarize, read].map(|skill| skill.id()), ["sum-up", "read"]);
    let _ = tools![tools::read];
    assert_eq!(skills![summarize][0].location().to_string().rsplit('/').next().unwrap(), "skills.rs:8");

    let card = |agent: Agent| agent.build().unwrap().agent_card().unwrap().clone();
    let name = |agent| card(agent).name;
    assert_eq!((TripPlanner::ID, name(Agent::of(TripPlanner)).as_str()), ("planner", "Trip Planner"));
    assert_eq!(<TripPlanner as AgentCard>::CARD.id(), "planner");
    let skills: Vec<_> = card(Agent::of(TripPlanner)).skills.into_iter().map(|skill| skill.id).collect();
    assert_eq!(skills, ["plan", "unplan"]);
    assert_eq!(Agent::of(TripPlanner).build().unwrap().tool_cards().len(), 1);
    assert_eq!((Plain::ID, name(Agent::of(Plain)).as_str()), ("plain", "plain"));
    assert_eq!((Keeper::<u8>::ID, name(Agent::of(Keeper { store: 1_u8 })).as_str()), ("keeper", "The Keeper"));
    assert_eq!((Bare::<u8>::ID, name(Agent::of(Bare(1_u8))).as_str()), ("bare", "bare"));
    assert_eq!(<LentOut<'static, 3> as AgentCard>::CARD.id(), "lent");
    assert!(format!("{:?}", <r#struct as AgentCard>::CARD).contains("name: \"struct\""));
    assert!(format!("{:?}", <Keeper as AgentCard>::CARD).contains("name: \"The Keeper\""));
    let _ = Keeper { store: 1_u8 }.keep(String::new());
    let _ = (Plain.work(), Bare(1_u8).keep(), Agent::of(TripPlanner));
}
