//! A list of tools that was written out: no name may be in it twice.

use super::ToolDef;
use super::text::{Text, same};

impl ToolDef {
    /// Refuses the tool at `index` of the list if one before it has the same name. Called by `tools![..]`, at the path
    /// of that tool.
    // Evaluated by the compiler: the panic is the error message.
    #[doc(hidden)]
    #[allow(clippy::panic, clippy::indexing_slicing)]
    #[track_caller]
    pub const fn assert_new_in(&self, list: &[&Self], index: usize) {
        let mut earlier = 0;
        while earlier < index {
            let other = list[earlier];
            if same(self.name, other.name) && !self.is_broken() {
                if same(self.location.file, other.location.file) && self.location.line == other.location.line
                {
                    panic!("this tool is in the list already; remove one of the two");
                }
                let text = Text::new()
                    .add("two tools are called `")
                    .add(self.name)
                    .add("`: ")
                    .add_location(other.location)
                    .add(" and ")
                    .add_location(self.location)
                    .add("; rename one with `#[tool(\"..\")]`");
                panic!("{}", text.as_str());
            }
            earlier += 1;
        }
    }
}
