//! The public A2A SDK reads the card of an agent, with its strict parser.

use std::path::Path;
use std::process::{Command, Stdio};

use mqtt_agent::prelude::*;
use serde_json::{Value, json};

/// Sums.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Sum {
    sum: i64,
}

/// Adds numbers.
#[skill(name = "Add numbers", tags("math"), examples("Add 1 and 2."))]
async fn add_up(numbers: Vec<i64>) -> Sum {
    Sum { sum: numbers.iter().sum() }
}

/// Says it again.
#[skill(output("text/plain"))]
async fn echo(task: Task) -> String {
    task.text()
}

/// Does sums.
#[derive(AgentCard)]
#[card(
    id = "accountant",
    version = "1.2.3",
    provider("Sums Ltd", "https://sums.example"),
    documentation = "https://sums.example/docs",
    icon = "https://sums.example/icon.png",
    tags("office")
)]
struct Accountant;

fn read(card: &Value) -> Result<Value, String> {
    use std::io::Write;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let python = folder.join("venv/bin/python");
    assert!(
        python.exists(),
        "the public A2A SDK is not installed; run `python3 -m venv tests/python/venv` and `tests/python/venv/bin/pip \
         install -r tests/python/requirements.txt`, or leave out `--features peers`"
    );
    let mut command = Command::new(python);
    command
        .arg(folder.join("read_card.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(card.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn the_strict_parser_takes_the_card_and_finds_everything_in_it() {
    let agent = Agent::new("accountant").skills(skills![add_up, echo]).card::<Accountant>().build().unwrap();
    let card = serde_json::to_value(agent.agent_card().unwrap().a2a("mqtts://broker.example:8883")).unwrap();
    let read = read(&card).unwrap();
    assert_eq!(read["name"], "Accountant");
    assert_eq!(read["version"], "1.2.3");
    assert_eq!(read["description"], "Does sums.");
    assert_eq!(read["provider"], json!({"organization": "Sums Ltd", "url": "https://sums.example"}));
    let interface = &read["supportedInterfaces"][0];
    assert_eq!(interface["url"], "mqtts://broker.example:8883");
    assert_eq!(interface["protocolBinding"], mqtt_agent::a2a::BINDING);
    assert_eq!(interface["protocolVersion"], "1.0");
    assert_eq!(read["skills"][0]["id"], "add_up");
    assert_eq!(read["skills"][0]["examples"], json!(["Add 1 and 2."]));
    assert_eq!(read["skills"][1]["outputModes"], json!(["text/plain"]));
    let schemas = &read["capabilities"]["extensions"][0]["params"];
    assert_eq!(schemas["add_up"]["output"]["required"], json!(["sum"]));
}

#[test]
fn a_card_of_an_agent_that_says_little_is_complete_all_the_same() {
    let agent = Agent::new("quiet").skills(skills![echo]).build().unwrap();
    let card = serde_json::to_value(agent.agent_card().unwrap().a2a("mqtt://localhost")).unwrap();
    read(&card).unwrap();
}

#[test]
fn the_parser_is_strict_indeed() {
    let agent = Agent::new("quiet").skills(skills![echo]).build().unwrap();
    let mut card = serde_json::to_value(agent.agent_card().unwrap().a2a("mqtt://localhost")).unwrap();
    card["name"] = "".into();
    assert!(read(&card).unwrap_err().contains("InvalidParamsError"));
    card["name"] = "quiet".into();
    card["preferredTransport"] = "MQTT".into();
    assert!(read(&card).unwrap_err().contains("preferredTransport"));
}
