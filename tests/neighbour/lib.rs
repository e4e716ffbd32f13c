//! A dependency of an agent that brings annotated functions of its own.

use mqtt_agent::prelude::*;

/// What the neighbour offers to crates that depend on it.
#[tool]
pub fn offered() -> String {
    "by the neighbour".to_owned()
}

/// What the neighbour listens to.
#[on("neighbour/door")]
pub fn heard(open: bool) {
    let _ = open;
}

/// What the neighbour can be asked for.
#[skill(tags("neighbour"))]
pub async fn watered(task: Task) -> String {
    task.text()
}

/// Writes a tool into the crate that invokes it.
#[macro_export]
macro_rules! written {
    ($name:ident) => {
        /// A macro of the neighbour wrote it.
        #[mqtt_agent::tool]
        fn $name() -> u8 {
            7
        }
    };
}

/// The linker takes a crate that something refers to.
pub fn refer() {}
