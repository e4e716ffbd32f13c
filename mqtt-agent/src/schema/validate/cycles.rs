//! Refuses endless references: references that lead back to their start without reaching a part of the value.

use super::plan::{Id, Node};

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
                let next = nodes
                    .get(id)
                    .map(|node| node.on_the_same_value().collect::<Vec<_>>())
                    .unwrap_or_default();
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
