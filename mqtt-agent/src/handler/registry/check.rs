//! What the compiler finds when it evaluates a definition.
//!
//! Generated code calls these functions at the user's tokens, so a message here says what to write there.

use super::{ArgDef, HandlerDef};
use crate::handler::param::{Need, Root};

/// Refuses the parameter at `index` of a tool or a skill if it does not go with its name or with the ones before it.
///
/// `named` says whether it has a name that can be an argument's.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic, clippy::indexing_slicing)]
#[track_caller]
pub const fn check_parameter(args: &[ArgDef], index: usize, named: bool, root: Root) {
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

/// Refuses the parameter at `index` of a topic handler if it does not go with the ones before it.
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

/// Refuses `#[arg(..)]` on the parameter at `index` if that is no argument.
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

/// Refuses a parameter of a `#[remote]` trait's method if who fills it is not who it says.
// Evaluated by the compiler: the panic is the message.
#[allow(clippy::panic)]
#[track_caller]
pub const fn check_given(need: Need, given: bool) {
    if let (Need::Argument { .. } | Need::Arguments { .. }, true) = (need, given) {
        panic!("this is an argument of the caller, and the agent gives none; remove `given`")
    }
}

/// The first paragraph of text that only the compiler knows, such as an included file.
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

/// Whether the line that ends at `at` is followed by one with nothing on it.
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
