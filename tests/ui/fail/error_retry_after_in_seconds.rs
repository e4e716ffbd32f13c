use mqtt_agent::ToolError;

#[derive(ToolError)]
enum Error {
    #[tool_error("busy with `{0}`", retry_after = 2)]
    Busy(String),
}

fn main() {}
