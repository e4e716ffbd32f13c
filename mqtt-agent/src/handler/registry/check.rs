//! Checks of definitions at compile time.
//!
//! Generated code calls these functions at the user's tokens, so the messages say what to write there.

use super::{ArgDef, HandlerDef};
use crate::handler::param::{Need, Root};

/// Panics if a tool cannot have the parameter at `index`.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
pub const fn check_parameter(args: &[ArgDef], index: usize, named: bool, root: Root) {
    match args[index].need {
        Need::Task => panic!(
            "a tool has no `Task`; write `#[skill]` in place of `#[tool]`, or take the arguments alone"
        ),
        Need::Payload => panic!("a tool has arguments and no payload; take the arguments by their names"),
        _ => check_arguments(args, index, named, root),
    }
}

/// Panics if a skill cannot have the parameter at `index`.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
pub const fn check_skill_parameter(args: &[ArgDef], index: usize, named: bool, root: Root) {
    match args[index].need {
        Need::Partials { .. } => {
            panic!(
                "partial results are a tool's; take a `Task` and call its `progress`, or make it a `#[tool]`"
            )
        }
        Need::Payload => {
            panic!("a task has arguments and no payload; take the arguments by their names, or a `Task`")
        }
        _ => check_arguments(args, index, named, root),
    }
}

/// Panics if the parameter at `index` of a tool or a skill conflicts with its name or with earlier parameters.
///
/// `named` says whether the parameter has a name for an argument.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
const fn check_arguments(args: &[ArgDef], index: usize, named: bool, root: Root) {
    let need = args[index].need;
    if matches!(need, Need::Argument { .. }) && !named {
        panic!(
            "an argument of the caller needs a name; write `name: Type`, or `#[arg(rename = \"name\")]` before the pattern"
        );
    }
    match root {
        Root::Unknown => {}
        Root::List => panic!(
            "the arguments are a JSON object, and a list has no names; take it as a parameter of its own"
        ),
        Root::Bare => panic!(
            "the arguments are a JSON object, and a bare value has no name; take it as a parameter of its own"
        ),
        Root::Optional => {
            panic!("the arguments are a JSON object, always there; make the fields of the struct optional");
        }
        Root::Nothing => panic!("where there are no arguments, `Args` takes none; remove the parameter"),
    }
    let mut earlier = 0;
    while earlier < index {
        match (args[earlier].need, need) {
            (Need::Arguments { .. }, Need::Arguments { .. }) => {
                panic!(
                    "`Args` takes all arguments, so there is nothing left for a second one; put the fields into one struct"
                )
            }
            (Need::Argument { .. }, Need::Arguments { .. })
            | (Need::Arguments { .. }, Need::Argument { .. }) => {
                panic!(
                    "`Args` takes all arguments, so there can be none beside it; make it a field of the struct in `Args`"
                )
            }
            (Need::Partials { .. }, Need::Partials { .. }) => {
                panic!(
                    "a call has one stream of partial results; keep one `Partials`, of an enum if there are several kinds"
                )
            }
            _ => {}
        }
        earlier += 1;
    }
}

/// Panics if a topic handler cannot have the parameter at `index`, or if it conflicts with earlier parameters.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
pub const fn check_message(handler: &HandlerDef, index: usize, named: bool) {
    let need = handler.args[index].need;
    match need {
        Need::Arguments { .. } => {
            panic!("a message has a payload and no arguments; take the payload's type itself, without `Args`")
        }
        Need::Partials { .. } => {
            panic!("partial results are a tool's; publish an `#[event]`, or make it a `#[tool]`")
        }
        Need::Task => {
            panic!("a message is no task; write `#[skill]` in place of this attribute, or take the payload")
        }
        Need::Argument { .. } if !named => {
            panic!("the payload needs a name; write `name: Type`")
        }
        _ => {}
    }
    let mut earlier = 0;
    while earlier < index {
        if let (Need::Argument { .. }, Need::Argument { .. }) = (handler.args[earlier].need, need) {
            panic!(
                "a message has one payload, and a parameter before this one takes it; put both into one struct, or write \
                 `{{name}}` into the topic"
            );
        }
        earlier += 1;
    }
}

/// Panics if the parameter at `index` has `#[arg(..)]` but is not an argument.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
pub const fn check_narrowed(args: &[ArgDef], index: usize) {
    match args[index].need {
        Need::Argument { .. } => {}
        Need::Arguments { .. } => {
            panic!(
                "`#[arg(..)]` is about one argument, and `Args` is all of them; write it with schemars on the field"
            )
        }
        _ => panic!(
            "`#[arg(..)]` is about an argument of the caller, and the agent gives this parameter; remove it"
        ),
    }
}

/// Panics if a parameter of a `#[remote]` trait's method has `given` but is an argument of the caller.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic)]
#[track_caller]
pub const fn check_given(need: Need, given: bool) {
    if let (Need::Argument { .. } | Need::Arguments { .. }, true) = (need, given) {
        panic!("this is an argument of the caller, and the agent gives none; remove `given`")
    }
}

/// The first paragraph of a constant text, such as an included file.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic)]
#[track_caller]
pub const fn first_paragraph(text: &'static str) -> &'static str {
    let text = text.trim_ascii();
    if text.is_empty() {
        panic!("the description is empty, and others choose by it; write what is done here");
    }
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() && !ends_paragraph(bytes, end) {
        end += 1;
    }
    text.split_at(end).0.trim_ascii()
}

/// A constant text, such as an included file, without surrounding whitespace.
#[must_use]
pub const fn trimmed(text: &'static str) -> &'static str {
    text.trim_ascii()
}

/// Whether the line that ends at `at` is followed by a blank line.
#[allow(clippy::indexing_slicing)]
const fn ends_paragraph(bytes: &[u8], at: usize) -> bool {
    if bytes[at] != b'\n' {
        return false;
    }
    let mut next = at + 1;
    while next < bytes.len() && matches!(bytes[next], b' ' | b'\t' | b'\r') {
        next += 1;
    }
    next == bytes.len() || bytes[next] == b'\n'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paragraph_ends_at_a_blank_line() {
        assert_eq!(first_paragraph("\n Weather\nhere. \n \t\r\nMore."), "Weather\nhere.");
        assert_eq!(first_paragraph("One"), "One");
        assert_eq!(first_paragraph("One\n\n"), "One");
    }
}
