//! Lists of tools and of skills that were written out, and the blocks of an agent: no name may be in them twice.

use super::text::{Text, same};
use super::{HandlerDef, Location, SkillDef, ToolDef};

impl ToolDef {
    /// Refuses the tool at `index` of the list if one before it has the same name. Called by `tools![..]`, at the path
    /// of that tool.
    #[doc(hidden)]
    #[allow(clippy::indexing_slicing)]
    #[track_caller]
    pub const fn assert_new_in(&self, list: &[&Self], index: usize) {
        let mut earlier = 0;
        while earlier < index {
            let other = list[earlier];
            if same(self.name, other.name) && !self.is_broken() {
                refuse("tool", "are called", self.name, other.location, self.location);
            }
            earlier += 1;
        }
    }
}

impl SkillDef {
    /// Refuses the skill at `index` of the list if one before it has the same id. Called by `skills![..]`, at the path
    /// of that skill.
    #[doc(hidden)]
    #[allow(clippy::indexing_slicing)]
    #[track_caller]
    pub const fn assert_new_in(&self, list: &[&Self], index: usize) {
        let mut earlier = 0;
        while earlier < index {
            let other = list[earlier];
            if same(self.id, other.id) && !self.is_broken() {
                refuse("skill", "have the id", self.id, other.location, self.location);
            }
            earlier += 1;
        }
    }
}

impl HandlerDef {
    /// Refuses the handler if one in the list has the same topic.
    #[allow(clippy::indexing_slicing, clippy::panic)]
    #[track_caller]
    pub(super) const fn assert_new_in(&self, list: &[&Self]) {
        let mut index = 0;
        while index < list.len() {
            let other = list[index];
            if same(self.topic.filter, other.topic.filter) {
                let text = Text::new()
                    .add("two handlers of the topic `")
                    .add(self.topic.template)
                    .add("`: ")
                    .add_location(other.location)
                    .add(" and ")
                    .add_location(self.location)
                    .add("; make one of them, or give one another topic");
                panic!("{}", text.as_str());
            }
            index += 1;
        }
    }
}

// Evaluated by the compiler: the panic is the error message.
#[allow(clippy::panic)]
#[track_caller]
const fn refuse(kind: &str, fate: &str, name: &str, first: Location, second: Location) {
    if same(first.file, second.file) && first.line == second.line {
        let text = Text::new().add("this ").add(kind).add(" is in the list already; remove one of the two");
        panic!("{}", text.as_str());
    }
    let text = Text::new()
        .add("two ")
        .add(kind)
        .add("s ")
        .add(fate)
        .add(" `")
        .add(name)
        .add("`: ")
        .add_location(first)
        .add(" and ")
        .add_location(second)
        .add("; rename one with `#[")
        .add(kind)
        .add("(\"..\")]`");
    panic!("{}", text.as_str());
}
