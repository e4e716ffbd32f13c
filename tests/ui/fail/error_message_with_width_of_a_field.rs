use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("wide {0:1$}")]
    Wide(u64, usize),
}

fn main() {}
