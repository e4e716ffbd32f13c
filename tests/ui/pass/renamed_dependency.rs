//! The crate under another name.

extern crate mqtt_agent as renamed;

mod inner {
    #[derive(renamed::ToolError)]
    #[tool_error("too large", code = "overflow", crate = ::renamed)]
    pub(crate) struct Overflow;

    #[derive(renamed::ToolError)]
    #[tool_error(crate = renamed)]
    pub(crate) enum Failed {
        #[tool_error(transparent, from)]
        Overflow(Overflow),
        #[tool_error("no number: {0}")]
        NoNumber(String),
    }

    /// Adds.
    #[renamed::tool("add", crate = ::renamed)]
    pub(crate) async fn add(a: i64, b: i64) -> Result<i64, Failed> {
        if a < 0 {
            return Err(Failed::NoNumber(a.to_string()));
        }
        a.checked_add(b).ok_or(Failed::Overflow(Overflow))
    }
}

fn main() {
    /// In a function's body.
    #[renamed::tool(crate = renamed)]
    fn local() {}

    let _ = renamed::tools![inner::add, local];
}
