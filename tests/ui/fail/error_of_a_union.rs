use mqtt_agent::prelude::*;

#[derive(ToolError)]
union BankError {
    code: u32,
}

fn main() {}
