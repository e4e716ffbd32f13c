//! What the compiler says of mistakes: one file each, named after the mistake, with the message beside it.
//!
//! The messages are those of the Rust version that `Cargo.toml` names. `TRYBUILD=overwrite` writes them anew.

#[test]
fn compile_errors_teach() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
