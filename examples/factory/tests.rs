//! What each program does by itself, over a broker of the test's own.

use std::time::Duration;

use mqtt_agent::a2a::NewTask;
use mqtt_agent::prelude::*;

use crate::inspector;
use crate::parts::{Kind, Part, Report};
use crate::press::{self, Press};

fn press_a() -> Agent {
    press::of(Press { name: "press A".to_owned(), pace: Duration::ZERO })
}

fn part(number: u32, millimetres: f64) -> Part {
    Part { number, kind: Kind::Bracket, millimetres, pressed_by: "press A".to_owned() }
}

#[mqtt_agent::test(agent = press_a())]
async fn a_part_says_who_pressed_it(client: Client) {
    let arguments = json!({"number": 1, "kind": "bracket", "millimetres": 2.0});
    let pressed: Part = client.call("press_part", arguments).returning().await.unwrap();
    assert_eq!(pressed, part(1, 2.0));
}

#[mqtt_agent::test(agent = press_a())]
async fn a_sheet_that_is_too_thick_is_refused_with_a_code(client: Client) {
    let arguments = json!({"number": 1, "kind": "bracket", "millimetres": 5.0});
    let error = client.call("press_part", arguments).await.unwrap_err();
    assert_eq!(error.code(), Some("too_thick"));
    assert!(error.to_string().contains("at most 3 mm, not 5"), "{error}");
}

#[mqtt_agent::test(agent = inspector::agent())]
async fn a_part_that_is_nearly_right_is_asked_about(client: Client) {
    let parts = [part(1, 2.0), part(2, 1.9), part(3, 1.0)];
    let task = NewTask::skill("inspect").data(&json!({"parts": parts, "millimetres": 2.0}));
    let report: Report = client
        .request("inspector", task)
        .returning()
        .on_question(|_| async { "no".to_owned() })
        .await
        .unwrap();
    assert_eq!(report, Report { good: vec![1], scrap: vec![2, 3] });
}
