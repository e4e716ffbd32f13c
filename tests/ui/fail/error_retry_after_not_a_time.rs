use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("closed", retry_after = "2 moons")]
    Closed,
    #[tool_error("busy", retry_after = wiat)]
    Busy { wait: std::time::Duration },
    #[tool_error("frozen", retry_after = 2 + 2)]
    Frozen,
    #[tool_error("late", retry_after)]
    Late,
    #[tool_error("soon", retry_after = "0s")]
    Soon,
}

fn main() {}
