use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error("soon", retry_after = "0s")]
    Soon,
}

fn main() {}
