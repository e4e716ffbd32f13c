use mqtt_agent::prelude::*;

#[derive(ToolError)]
enum BankError {
    #[tool_error(internel, from)]
    Db(std::io::Error),
}

fn read() -> std::io::Result<u8> {
    Ok(1)
}

/// Reads.
#[tool]
async fn balance() -> Result<u8, BankError> {
    Ok(read()?)
}

fn main() {}
