//! [`Collected`]: the functions that an agent without lists serves.

use std::collections::BTreeMap;

use super::{HandlerDef, RegisteredHandler, RegisteredSkill, RegisteredTool, SkillDef, ToolDef};

/// The functions that are registered in the linked crates, sorted by name and topic, because the linker's order is
/// arbitrary.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) tools: Vec<&'static ToolDef>,
    pub(crate) handlers: Vec<&'static HandlerDef>,
    pub(crate) skills: Vec<&'static SkillDef>,
    /// The same, by package.
    pub(crate) packages: Vec<Package>,
}

/// The names and topics of one package.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// `None` if it was not built by cargo.
    pub(crate) name: Option<&'static str>,
    pub(crate) tools: Vec<&'static str>,
    pub(crate) topics: Vec<&'static str>,
    pub(crate) skills: Vec<&'static str>,
}

#[derive(Default)]
struct Packages(BTreeMap<Option<&'static str>, Package>);

impl Packages {
    fn at(&mut self, name: Option<&'static str>) -> &mut Package {
        let new = || Package { name, tools: Vec::new(), topics: Vec::new(), skills: Vec::new() };
        self.0.entry(name).or_insert_with(new)
    }
}

impl Collected {
    /// Everything, or the functions of one package.
    pub(crate) fn of(only: Option<&str>) -> Self {
        let mut collected = Self::default();
        let mut packages = Packages::default();
        let is_meant = |package: Option<&str>| only.is_none() || package == only;
        for &RegisteredTool(tool, package) in inventory::iter::<RegisteredTool> {
            if is_meant(package) {
                collected.tools.push(tool);
                packages.at(package).tools.push(tool.name());
            }
        }
        for &RegisteredHandler(handler, package) in inventory::iter::<RegisteredHandler> {
            if is_meant(package) {
                collected.handlers.push(handler);
                packages.at(package).topics.push(handler.topic.template);
            }
        }
        for &RegisteredSkill(skill, package) in inventory::iter::<RegisteredSkill> {
            if is_meant(package) {
                collected.skills.push(skill);
                packages.at(package).skills.push(skill.id());
            }
        }
        collected.tools.sort_by_key(|tool| tool.name());
        collected.handlers.sort_by_key(|handler| (handler.topic.template, handler.name));
        collected.skills.sort_by_key(|skill| skill.id());
        collected.packages = packages.0.into_values().collect();
        for Package { tools, topics, skills, .. } in &mut collected.packages {
            tools.sort_unstable();
            topics.sort_unstable();
            skills.sort_unstable();
        }
        collected
    }
}
