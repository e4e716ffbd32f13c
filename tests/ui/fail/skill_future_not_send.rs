use mqtt_agent::prelude::*;

use std::rc::Rc;

/// Summarizes a text.
#[skill]
async fn summarize(text: String) -> String {
    let text = Rc::new(text);
    std::future::ready(()).await;
    text.to_string()
}

fn main() {}
