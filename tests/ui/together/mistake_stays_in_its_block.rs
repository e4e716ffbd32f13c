use mqtt_agent::prelude::*;

struct Home;

#[agent(parts("cooling"))]
impl Home {
    /// Heats.
    #[tool(readonly)]
    fn heat(&self) {}

    #[request("home/{rom}/get", caller)]
    fn get(&self, room: String) -> Result<String, String> {
        Ok(room)
    }

    #[event("home/{room}/alarm")]
    fn alarm(&self, room: &str);
}

#[agent(part = "cooling")]
impl Home {
    /// Cools.
    #[tool(destrutive)]
    fn cool(&self) {}
}

struct Garden;

#[agent(parts("pond"))]
impl Garden {
    /// Waters.
    #[tool]
    fn water(&self) {}
}

#[agent(part = "pond")]
impl Garden {
    /// Fills.
    #[tool("fill pond")]
    fn fill(&self) {}
}

#[remote]
trait Bank {
    async fn balance(&self, account: String) -> Result<u64, String>;
}

struct Mine;

#[agent]
impl Bank for Mine {
    async fn balance(&self, account: String) -> Result<u64, String> {
        Err(account)
    }
}

#[on("home/+/door")]
fn door(room: &str) {
    drop(room);
}

async fn uses(client: &Client) {
    drop(Home.alarm().room("hall").publish(client).await);
    drop(BankRemote::new(client).balance("ada".to_owned()).await);
}

fn main() {
    let _ = (Agent::of(Home).with(Garden).with(Mine), handlers![door], uses);
}
