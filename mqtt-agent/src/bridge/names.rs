//! [`Names`]: the names that hosts see. Hosts and model providers accept `[A-Za-z_][A-Za-z0-9_-]{0,63}`; MQTT accepts
//! more.
//!
//! A valid name stays unchanged. Every other character becomes `_`; if the result is the name of another tool, a
//! fingerprint of the tool's own name is appended. A tool keeps the name that it was assigned.

use std::collections::BTreeMap;

/// The longest name.
const LONGEST: usize = 64;

/// The name of each tool, by the tool.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    by_tool: BTreeMap<String, String>,
    by_name: BTreeMap<String, String>,
    /// No tool's.
    reserved: Option<&'static str>,
}

impl Names {
    /// Gives this name to no tool.
    pub(super) fn reserve(&mut self, name: &'static str) {
        self.reserved = Some(name);
    }

    fn is_free(&self, name: &str) -> bool {
        self.reserved != Some(name) && !self.by_name.contains_key(name)
    }

    /// The name of a tool that has one.
    pub(super) fn get(&self, tool: &str) -> Option<&str> {
        self.by_tool.get(tool).map(String::as_str)
    }

    /// Gives a tool the name that it had in an earlier process, unless another one has it.
    pub(super) fn restore(&mut self, tool: &str, name: &str) {
        let fits = portable(name) == name && (name == portable(tool) || name.ends_with(&print(tool)));
        if fits && self.is_free(name) && !self.by_tool.contains_key(tool) {
            self.insert(tool, name.to_owned());
        }
    }

    /// Gives all of these tools names, those first whose names stay as they are.
    pub(super) fn assign<'t>(&mut self, tools: impl IntoIterator<Item = &'t str>) {
        let (plain, changed): (Vec<&str>, Vec<&str>) =
            tools.into_iter().partition(|tool| portable(tool) == **tool);
        for tool in plain.into_iter().chain(changed) {
            if !self.by_tool.contains_key(tool) {
                let name = self.free(tool);
                self.insert(tool, name);
            }
        }
    }

    /// Forgets all tools but those.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.by_tool.retain(|tool, _| is_kept(tool));
        self.by_name.retain(|_, tool| is_kept(tool));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    fn insert(&mut self, tool: &str, name: String) {
        self.by_name.insert(name.clone(), tool.to_owned());
        self.by_tool.insert(tool.to_owned(), name);
    }

    fn free(&self, tool: &str) -> String {
        let plain = portable(tool);
        if self.is_free(&plain) {
            return plain;
        }
        let mut name = marked(&plain, &print(tool));
        // Two prints that are the same: one of 16 million.
        for count in 2_u32.. {
            if self.is_free(&name) {
                break;
            }
            name = marked(&plain, &format!("{count}_{}", print(tool)));
        }
        name
    }
}

/// The name with every character replaced that hosts do not take, and cut to what they take.
fn portable(tool: &str) -> String {
    let mut name: String =
        tool.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    if !name.contains(|c: char| c.is_ascii_alphanumeric()) && name != tool {
        // Nothing is left of it.
        return format!("tool_{}", print(tool));
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        name.insert(0, '_');
    }
    if name.len() > LONGEST { marked(&name, &print(tool)) } else { name }
}

fn marked(name: &str, mark: &str) -> String {
    let kept = LONGEST.saturating_sub(mark.len() + 1);
    // ASCII, so every place is between characters.
    let start = name.get(..name.len().min(kept)).unwrap_or_default();
    format!("{start}_{mark}")
}

/// Six digits that are the same for the same tool in each process (FNV-1a).
fn print(tool: &str) -> String {
    let hash = super::fnv1a(tool.as_bytes());
    format!("{:06x}", (hash ^ (hash >> 24) ^ (hash >> 48)) & 0xff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(tools: &[&str]) -> Vec<String> {
        let mut names = Names::default();
        names.assign(tools.iter().copied());
        tools.iter().map(|tool| names.get(tool).unwrap().to_owned()).collect()
    }

    #[test]
    fn a_name_that_hosts_take_stays_as_it_is() {
        let tools = ["weather", "_x", "read-file", "A9", "__"];
        assert_eq!(named(&tools), tools);
    }

    #[test]
    fn a_reserved_name_is_no_tools() {
        let mut names = Names::default();
        names.reserve("agent_task");
        names.restore("agent_task", "agent_task");
        names.assign(["agent_task", "agent.task"]);
        for tool in ["agent_task", "agent.task"] {
            let name = names.get(tool).unwrap();
            assert!(name.starts_with("agent_task_"), "{name}");
        }
    }

    #[test]
    fn every_name_is_one_that_hosts_take() {
        let long = "x".repeat(128);
        let tools = ["fs.read", "1st", "-", "погода", "räume", "a b", &long, "..", "🦀"];
        for name in named(&tools) {
            let mut chars = name.chars();
            assert!(chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_'), "{name}");
            assert!(chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{name}");
            assert!(name.len() <= 64, "{name}");
        }
        assert_eq!(named(&["fs.read", "1st"]), ["fs_read", "_1st"]);
    }

    #[test]
    fn two_tools_never_have_one_name() {
        let long = "x".repeat(127);
        let (one, other) = (format!("{long}1"), format!("{long}2"));
        let tools = ["a.b", "a_b", "a:b", "a b", "погода", "машина", &one, &other];
        let mut names = named(&tools);
        assert_eq!(names[1], "a_b");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), tools.len());
    }

    #[test]
    fn a_name_that_was_given_is_not_taken_away_by_a_tool_that_comes_later() {
        let mut names = Names::default();
        names.assign(["fs.read"]);
        names.assign(["fs_read", "fs.read"]);
        assert_eq!(names.get("fs.read"), Some("fs_read"));
        assert_eq!(names.by_name["fs_read"], "fs.read");
        assert!(names.get("fs_read").unwrap().starts_with("fs_read_"));
    }

    #[test]
    fn names_are_the_same_in_the_next_process() {
        let mut names = Names::default();
        names.assign(["fs.read"]);
        names.assign(["fs_read"]);
        let mut next = Names::default();
        for tool in ["fs_read", "fs.read"] {
            next.restore(tool, names.get(tool).unwrap());
        }
        next.assign(["fs.read", "fs_read"]);
        assert_eq!(next.by_tool, names.by_tool);
    }

    #[test]
    fn a_name_that_was_not_made_of_the_tool_is_not_restored() {
        let mut names = Names::default();
        names.restore("delete_all", "weather");
        names.restore("fs.read", "fs read");
        assert_eq!(names.by_tool, BTreeMap::new());
    }

    #[test]
    fn a_tool_that_went_leaves_its_name() {
        let mut names = Names::default();
        names.assign(["a.b"]);
        names.retain(|tool| tool != "a.b");
        names.assign(["a_b"]);
        assert_eq!(names.get("a_b"), Some("a_b"));
    }
}
