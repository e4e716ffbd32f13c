//! Compares a tool with its published schema at compile time: names, types and required arguments.

use super::ToolDef;
use super::text::{Text, same};
use crate::handler::param::{Kind, Need};

/// One argument of a published schema.
#[derive(Debug, Clone, Copy)]
pub struct PublishedArgument {
    /// Its name.
    pub name: &'static str,
    /// Its `type`, if that is a single one.
    pub kind: Option<&'static str>,
    /// Whether it is required.
    pub required: bool,
}

/// Panics if the parameter at `index` differs from the published schema. `own` is the kind of its type.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
pub const fn check_published(
    tool: &ToolDef,
    index: usize,
    published: &[PublishedArgument],
    own: Kind,
    has_default: bool,
) {
    let arg = &tool.args[index];
    if !matches!(arg.need, Need::Argument { .. }) {
        return;
    }
    let mut at = 0;
    while at < published.len() {
        if same(published[at].name, arg.name) {
            return agrees(&published[at], own, has_default);
        }
        at += 1;
    }
    panic!("the published schema has no argument of this name; add it there, or remove the parameter")
}

#[allow(clippy::panic)]
#[track_caller]
const fn agrees(published: &PublishedArgument, own: Kind, has_default: bool) {
    if let (Some(theirs), Some(ours)) = (published.kind, own.name) {
        // A whole number is a number as well, and a published `number` may be read as such only.
        if !same(theirs, ours) {
            let text = Text::new()
                .add("the published schema says `")
                .add(theirs)
                .add("`, and this is `")
                .add(ours)
                .add("`; change one of them");
            panic!("{}", text.as_str());
        }
    }
    match (published.required, own.optional) {
        (true, Some(true)) => panic!(
            "the published schema requires this argument, and here it may be left out; write the type without `Option`"
        ),
        (true, _) if has_default => {
            panic!("the published schema requires this argument, and here it has a default; remove `default`")
        }
        (false, Some(false)) if !has_default => panic!(
            "the published schema lets a caller leave this argument out; write `Option<..>`, or give it a `default`"
        ),
        _ => {}
    }
}
