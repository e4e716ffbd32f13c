use mqtt_agent::testing::FromTest;

fn main() {
    // What generated code asks of a parameter. A test itself is compiled for tests alone, and this is none.
    let _ = <String as FromTest>::boxed_from_test;
}
