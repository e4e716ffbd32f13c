use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(internal, code = "db")]
    Db(std::io::Error),
}

fn main() {}
