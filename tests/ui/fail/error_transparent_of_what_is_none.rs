use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(transparent)]
    Io(std::io::Error),
}

fn main() {}
