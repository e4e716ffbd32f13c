//! Compares [`Latest`] with a list of everything that was put into it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Put(u8, usize),
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_u8, 0..4_usize).prop_map(|(name, length)| Step::Put(name, length)),
        1 => Just(Step::Read),
    ];
    proptest::collection::vec(step, 0..60)
}

/// What a reader knows once it has read all changes.
fn read(latest: &Latest, known: &mut BTreeMap<String, Vec<u8>>) {
    while let Some(change) = latest.next_change() {
        match change.payload {
            Some(payload) => known.insert(change.name, payload.to_vec()),
            None => known.remove(&change.name),
        };
    }
}

proptest! {
    #[test]
    fn a_reader_knows_in_the_end_what_was_put_last(steps in steps()) {
        let latest = Latest::watched();
        let (mut known, mut truth) = (BTreeMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Put(name, length) => {
                    let (name, payload) = (format!("n{name}"), vec![b'x'; length]);
                    latest.put(&name, &payload, true);
                    if length == 0 { truth.remove(&name) } else { truth.insert(name, payload) };
                }
                Step::Read => read(&latest, &mut known),
            }
            let waiting: BTreeSet<_> = latest.state().changed.values().cloned().collect();
            prop_assert_eq!(waiting.len(), latest.state().changed.len(), "a name waits once");
        }
        read(&latest, &mut known);
        prop_assert_eq!(&known, &truth);
        let all: BTreeMap<_, _> = latest.all().into_iter().map(|(name, bytes)| (name, bytes.to_vec())).collect();
        prop_assert_eq!(&all, &truth);
        prop_assert_eq!(latest.len(), truth.len());
    }

    #[test]
    fn neither_names_nor_bytes_go_over_the_limits(steps in steps(), watched: bool) {
        let latest = Latest::with_limits(watched, 4, 600);
        for step in steps {
            match step {
                Step::Put(name, length) => latest.put(&format!("n{name}"), &vec![b'x'; length * 50], true),
                Step::Read => drop(latest.next_change()),
            }
            let state = latest.state();
            let bytes: usize = state
                .entries
                .iter()
                .map(|(name, entry)| cost(name, entry.payload.as_ref().map_or(0, Bytes::len)))
                .sum();
            prop_assert_eq!(bytes, state.bytes);
            prop_assert!(state.entries.len() <= 4 && bytes <= 600);
            prop_assert!(state.changed.len() <= state.entries.len());
        }
    }
}

#[test]
fn what_comes_and_goes_unread_leaves_nothing() {
    let latest = Latest::watched();
    for number in 0..1000 {
        latest.put(&format!("n{number}"), b"here", true);
        latest.put(&format!("n{number}"), b"", true);
    }
    let state = latest.state();
    assert!(state.entries.is_empty() && state.changed.is_empty() && state.bytes == 0);
}

#[test]
fn a_name_that_changes_all_the_time_keeps_its_place() {
    let latest = Latest::watched();
    latest.put("a", b"1", true);
    latest.put("b", b"1", true);
    latest.put("a", b"2", true);
    assert_eq!(latest.next_change().unwrap().name, "a");
    latest.put("a", b"3", true);
    assert_eq!(latest.next_change().unwrap().name, "b");
    let last = latest.next_change().unwrap();
    assert_eq!((last.name.as_str(), last.payload.as_deref()), ("a", Some(&b"3"[..])));
    assert_eq!(latest.next_change(), None);
}

#[test]
fn too_much_is_told() {
    let latest = Latest::with_limits(false, 2, 10_000);
    for name in ["a", "b", "a"] {
        latest.put(name, b"1", true);
        assert!(!latest.is_full());
    }
    latest.put("c", b"1", true);
    assert!(latest.is_full());
}

#[test]
fn sub_4_what_is_no_name_is_ignored() {
    let latest = Latest::new();
    latest.put("", b"1", true);
    latest.put(&"x".repeat(129), b"1", true);
    assert_eq!(latest.len(), 0);
}
