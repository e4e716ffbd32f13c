use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(internal, from)]
    Db(std::io::Error, u8),
}

fn main() {}
