use mqtt_agent::prelude::*;

struct AccountId(u64);

#[derive(ToolError)]
enum BankError {
    #[tool_error("frozen: {id:?}")]
    Frozen { id: AccountId },
}

fn main() {}
