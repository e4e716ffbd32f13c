//! Checks that explicit lists of tools and skills, and the blocks of an agent, have no duplicate names.

use super::text::{Text, same};
use super::{HandlerDef, Location, SkillDef, ToolDef};

/// A list for [`Agent::tools`](crate::Agent::tools): the result of [`tools!`](macro@crate::tools), or another iterator
/// of definitions.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no list of tools",
    label = "expected what `tools![..]` makes",
    note = "write `tools![add, other::add]`, with the paths of functions that have `#[tool]`"
)]
pub trait ToolList: IntoIterator<Item = &'static ToolDef> {}

#[diagnostic::do_not_recommend]
impl<L: IntoIterator<Item = &'static ToolDef>> ToolList for L {}

/// A list for [`Agent::skills`](crate::Agent::skills): the result of [`skills!`](macro@crate::skills), or another
/// iterator of definitions.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no list of skills",
    label = "expected what `skills![..]` makes",
    note = "write `skills![summarize, other::summarize]`, with the paths of functions that have `#[skill]`"
)]
pub trait SkillList: IntoIterator<Item = &'static SkillDef> {}

#[diagnostic::do_not_recommend]
impl<L: IntoIterator<Item = &'static SkillDef>> SkillList for L {}

/// A list for [`Agent::handlers`](crate::Agent::handlers): the result of [`handlers!`](macro@crate::handlers), or
/// another iterator of definitions.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` is no list of handlers",
    label = "expected what `handlers![..]` makes",
    note = "write `handlers![reading, other::reading]`, with the paths of functions that have `#[on]` or `#[request]`"
)]
pub trait HandlerList: IntoIterator<Item = &'static HandlerDef> {}

#[diagnostic::do_not_recommend]
impl<L: IntoIterator<Item = &'static HandlerDef>> HandlerList for L {}

impl ToolDef {
    /// Panics if the tool at `index` has the name of an earlier one in the list. Called by `tools![..]`, at the path of
    /// that tool.
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
    /// Panics if the skill at `index` has the id of an earlier one in the list. Called by `skills![..]`, at the path of
    /// that skill.
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
    /// Panics if a handler in the list has the same topic.
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
