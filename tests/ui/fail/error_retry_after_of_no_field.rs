use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("busy", retry_after = wiat)]
    Busy { wait: std::time::Duration },
}

fn main() {}
