//! The crate under another name.

extern crate mqtt_agent as renamed;

mod inner {
    /// Adds.
    #[renamed::tool("add", crate = ::renamed)]
    pub(crate) async fn add(a: i64, b: i64) -> i64 {
        a + b
    }
}

fn main() {
    /// In a function's body.
    #[renamed::tool(crate = renamed)]
    fn local() {}

    let _ = renamed::tools![inner::add, local];
}
