use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(internal, from)]
    Db(std::io::Error),
    #[tool_error("{0}", from)]
    Disk(std::io::Error),
}

fn main() {}
