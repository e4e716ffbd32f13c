use mqtt_agent::prelude::*;

struct AccountId(u64);

#[derive(ToolError)]
enum BankError {
    #[tool_error("no account `{0}`")]
    NotFound(AccountId),
}

fn main() {}
