//! Any number of tools for the benches, each with its own name, three described arguments (one of them narrowed) and an
//! answer of two fields.

use mqtt_agent::param::Param;
use mqtt_agent::prelude::*;
use mqtt_agent::registry::{ArgDef, Bound, Bounds, Handler, Location, ToolDef};
use mqtt_agent::reply::Reply;

/// What a search found.
#[derive(Serialize, JsonSchema)]
struct Found {
    /// What was found, in one line.
    summary: &'static str,
    /// How many documents there are.
    count: u64,
}

const ARGS: &[ArgDef] =
    &[
        ArgDef::new("query", "The words to look for.", <String as Param<'_>>::NEED),
        ArgDef::new("limit", "The most documents to return.", <Option<u32> as Param<'_>>::NEED)
            .range(Bounds { min: Some(Bound::Int(1)), max: Some(Bound::Int(100)), max_excluded: false }),
        ArgDef::new("labels", "Labels that each document must have.", <Vec<String> as Param<'_>>::NEED),
    ];

/// `search_0`, `search_1` and so on.
pub fn tools(count: usize) -> Vec<&'static ToolDef> {
    (0..count).map(tool).collect()
}

/// Definitions live as long as the program, as those of `#[tool]` do.
fn tool(number: usize) -> &'static ToolDef {
    Box::leak(Box::new(ToolDef::new(
        format!("search_{number}").leak(),
        format!("Searches shelf {number} for documents.").leak(),
        ARGS,
        <Found as Reply>::schema,
        Handler::Inline(|_| Ok(Found { summary: "nothing", count: 0 }.into_answer())),
        Location::new(file!(), line!()),
    )))
}
