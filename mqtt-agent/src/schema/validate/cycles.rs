//! References that come back to where they began without having looked at a part of the value would go on for ever.

use super::plan::{Check, Id, Node};

/// A node that leads back to itself on the same value.
pub(super) fn endless(nodes: &[Node]) -> Option<Id> {
    let mut state = vec![State::Unseen; nodes.len()];
    (0..nodes.len()).find(|id| visit(nodes, *id, &mut state))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    Open,
    Done,
}

/// By a stack of its own: a chain of references may be long.
fn visit(nodes: &[Node], root: Id, state: &mut [State]) -> bool {
    let mut stack = vec![(root, false)];
    while let Some((id, leave)) = stack.pop() {
        let Some(known) = state.get_mut(id) else { continue };
        match (*known, leave) {
            (_, true) => *known = State::Done,
            (State::Open, false) => return true,
            (State::Done, false) => {}
            (State::Unseen, false) => {
                *known = State::Open;
                stack.push((id, true));
                let next = nodes.get(id).map(on_the_same_value).unwrap_or_default();
                // Those that are open are looked at now: later they might be done.
                if next.iter().any(|next| state.get(*next) == Some(&State::Open)) {
                    return true;
                }
                stack.extend(next.into_iter().map(|next| (next, false)));
            }
        }
    }
    false
}

/// The nodes that a node asks about the value that it was asked about itself.
fn on_the_same_value(node: &Node) -> Vec<Id> {
    let mut next = Vec::new();
    for check in &node.checks {
        match check {
            Check::All(all) => next.extend(all),
            Check::Any(alternatives) | Check::One(alternatives) => {
                next.extend(alternatives.all.iter().map(|alternative| alternative.node));
            }
            Check::Not(node) | Check::Ref(node) => next.push(*node),
            Check::If { condition, then, otherwise } => {
                next.push(*condition);
                next.extend(then.iter().chain(otherwise));
            }
            Check::DependentSchemas(schemas) => next.extend(schemas.iter().map(|(_, node)| node)),
            _ => {}
        }
    }
    next
}
