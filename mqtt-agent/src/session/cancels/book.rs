//! The cancels that are not sent yet. Pure bookkeeping: no I/O.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::wire::Identifier;

/// How many calls one message cancels. Some 10 kB: every broker's limit has room for it.
pub(super) const MOST_IN_A_MESSAGE: usize = 256;

/// How many cancels may wait, over all tools.
const MOST_WAITING: usize = 100_000;

/// The calls that are to be cancelled, by tool. One message for each tool is on the way at a time, so what is added
/// meanwhile goes together in the next.
#[derive(Debug, Default)]
pub(super) struct Book {
    tools: HashMap<Arc<str>, Tool>,
    /// Those with calls to cancel and no message on the way, each once, the one that waited longest first.
    ready: VecDeque<Arc<str>>,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Tool {
    calls: VecDeque<Identifier>,
    on_the_way: bool,
}

impl Book {
    /// Adds a call. False when too many wait: then it is left out.
    pub(super) fn add(&mut self, tool: &Arc<str>, call: Identifier) -> bool {
        if self.waiting >= MOST_WAITING {
            return false;
        }
        self.waiting += 1;
        let known = self.tools.entry(Arc::clone(tool)).or_default();
        if known.calls.is_empty() && !known.on_the_way {
            self.ready.push_back(Arc::clone(tool));
        }
        known.calls.push_back(call);
        true
    }

    /// What the next message cancels; [`Book::sent`] is to be told when it has arrived or failed.
    pub(super) fn next(&mut self) -> Option<(Arc<str>, Vec<Identifier>)> {
        let name = self.ready.pop_front()?;
        let tool = self.tools.get_mut(&name)?;
        let count = tool.calls.len().min(MOST_IN_A_MESSAGE);
        let calls: Vec<_> = tool.calls.drain(..count).collect();
        tool.on_the_way = true;
        self.waiting -= calls.len();
        Some((name, calls))
    }

    /// A tool's message is not on the way any more.
    pub(super) fn sent(&mut self, name: &Arc<str>) {
        let Some(tool) = self.tools.get_mut(name) else { return };
        tool.on_the_way = false;
        if tool.calls.is_empty() {
            self.tools.remove(name);
        } else {
            self.ready.push_back(Arc::clone(name));
        }
    }

    /// No message is awaited any more: all that wait are to be sent.
    pub(super) fn end(&mut self) {
        let awaited = self.tools.iter().filter(|(_, tool)| tool.on_the_way);
        let names: Vec<_> = awaited.map(|(name, _)| Arc::clone(name)).collect();
        names.iter().for_each(|name| self.sent(name));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn tool(name: &str) -> Arc<str> {
        name.into()
    }

    #[test]
    fn mcp_17_what_is_added_while_a_message_is_on_the_way_goes_together_in_the_next() {
        let (mut book, name) = (Book::default(), tool("slow"));
        book.add(&name, Identifier::random());
        assert_eq!(book.next().unwrap().1.len(), 1);
        for _ in 0..MOST_IN_A_MESSAGE + 1 {
            book.add(&name, Identifier::random());
        }
        assert!(book.next().is_none(), "one message at a time");
        book.sent(&name);
        assert_eq!(book.next().unwrap().1.len(), MOST_IN_A_MESSAGE);
        book.sent(&name);
        assert_eq!(book.next().unwrap().1.len(), 1);
        book.sent(&name);
        assert!(book.tools.is_empty() && book.ready.is_empty(), "nothing is kept of it");
    }

    #[test]
    fn a_cancel_beyond_those_that_may_wait_is_left_out() {
        let (mut book, name) = (Book::default(), tool("slow"));
        for _ in 0..MOST_WAITING {
            assert!(book.add(&name, Identifier::random()));
        }
        assert!(!book.add(&name, Identifier::random()));
        book.next();
        assert!(book.add(&name, Identifier::random()));
    }

    proptest! {
        #[test]
        fn mcp_17_every_call_is_cancelled_once_and_by_its_own_tool(
            steps in prop::collection::vec((0..3_u8, 0..4_usize, 1..400_usize), 1..60)
        ) {
            let names: Vec<_> = ["a", "b", "c", "d"].into_iter().map(tool).collect();
            let mut book = Book::default();
            let mut expected: HashSet<(Arc<str>, Identifier)> = HashSet::new();
            let mut on_the_way: HashSet<Arc<str>> = HashSet::new();
            for (step, which, count) in steps {
                let name = &names[which];
                match step {
                    0 => for _ in 0..count {
                        let call = Identifier::random();
                        prop_assert!(book.add(name, call.clone()));
                        expected.insert((Arc::clone(name), call));
                    },
                    1 => if let Some((name, calls)) = book.next() {
                        prop_assert!(!calls.is_empty() && calls.len() <= MOST_IN_A_MESSAGE);
                        for call in calls {
                            prop_assert!(expected.remove(&(Arc::clone(&name), call)));
                        }
                        prop_assert!(on_the_way.insert(name), "one message for each tool");
                    },
                    _ => if on_the_way.remove(name) {
                        book.sent(name);
                    },
                }
                prop_assert_eq!(book.waiting, expected.len());
            }
            book.end();
            while let Some((name, calls)) = book.next() {
                for call in calls {
                    prop_assert!(expected.remove(&(Arc::clone(&name), call)));
                }
                book.sent(&name);
            }
            prop_assert!(expected.is_empty() && book.tools.is_empty());
        }
    }
}
