use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(internal)]
    Db(#[tool_error(from)] std::io::Error),
}

fn main() {}
