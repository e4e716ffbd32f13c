use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account `{0`")]
    NotFound(u64),
    #[tool_error("no {braces}}")]
    Closed { braces: u64 },
    #[tool_error("wide {0:1$}")]
    Wide(u64, usize),
    #[tool_error("")]
    Empty,
}

fn main() {}
