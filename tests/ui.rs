//! What the compiler says of mistakes: in `fail` one file each, named after the mistake, with the message beside it; in
//! `together` several mistakes at once; in `pass` what has to compile.
//!
//! The messages are those of the Rust version that `Cargo.toml` names. `TRYBUILD=overwrite` writes them anew.
#![allow(clippy::expect_used)]

use std::fs;
use std::path::Path;

/// Messages of more than [`MOST`] lines, and why they are no shorter.
const LONGER: &[(&str, &str)] = &[
    ("agent_of_what_is_none", "rustc adds where the type and the bound of `Agent::of` are"),
    ("agent_part_missing", "rustc adds where another part of the type is"),
    ("agent_tool_with_a_task", "rustc adds that the block's constant is wrong"),
    ("duration_of_another_type", "rustc adds which two types implement the trait"),
    ("event_with_an_unset_placeholder", "rustc adds where the bound of `publish` is"),
    ("future_not_send", "rustc's own text, which shows the value and the await that are wrong"),
    ("handlers_in_an_array", "rustc adds where the bound of `handlers` is"),
    ("layer_in_a_list_that_is_none", "rustc adds where the bound of `layer` is"),
    ("layer_that_is_none", "rustc adds where the bound of `layer` is"),
    ("list_of_a_path_that_is_not_there", "rustc proposes a function of a similar name"),
    ("list_of_a_private_tool", "rustc says that it is private, and where it is"),
    ("list_of_what_is_no_skill", "rustc proposes a function of a similar name"),
    ("list_of_what_is_no_tool", "rustc proposes a function of a similar name"),
    ("remote_future_not_send", "rustc's own text, which shows the value and the await that are wrong"),
    ("skill_future_not_send", "rustc's own text, which shows the value and the await that are wrong"),
    ("skills_in_an_array", "rustc adds where the bound of `skills` is"),
    ("tools_in_a_vec", "rustc adds where the bound of `tools` is"),
    ("tools_of_a_handler", "rustc proposes a function of a similar name"),
];

/// The most lines of a message, the code that it shows included.
const MOST: usize = 12;

// Two tests: `trybuild` compiles all cases with one call of Cargo where none of them has to run, else with one call each.
#[test]
fn what_is_right_compiles() {
    trybuild::TestCases::new().pass("ui/pass/*.rs");
}

#[test]
fn compile_errors_teach() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/fail/*.rs");
    cases.compile_fail("ui/together/*.rs");
}

#[test]
fn messages_are_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/fail");
    let mut long = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "stderr") {
            let lines = fs::read_to_string(&path).expect("a message").lines().count();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if lines > MOST {
                long.push(name);
            }
        }
    }
    long.sort();
    let expected: Vec<_> = LONGER.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        long, expected,
        "messages of more than {MOST} lines; shorten them, or say here why they are longer"
    );
}
