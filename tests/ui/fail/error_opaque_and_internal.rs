use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(opaque, internal)]
    Db(std::io::Error),
    #[tool_error(transparent, opaque)]
    Other(String),
}

fn main() {}
