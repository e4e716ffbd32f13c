//! [`Filter`]: which tools hosts see.

use crate::wire::ToolCard;

/// Which tools are shown and may be called. All that is said has to hold; without anything all tools are shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) names: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) servers: Vec<String>,
    pub(super) allowed: Option<Vec<String>>,
    pub(super) read_only: bool,
}

impl Filter {
    /// Whether a tool is shown to those whom its card lets call it.
    pub(super) fn admits(&self, card: &ToolCard) -> bool {
        let hints = card.annotations.as_ref();
        any(&self.names, |pattern| matches(pattern, &card.tool))
            && any(&self.tags, |tag| card.tags.contains(tag))
            && any(&self.servers, |pattern| matches(pattern, &card.server))
            && self.allowed.as_ref().is_none_or(|allowed| allowed.contains(&card.tool))
            && (!self.read_only || hints.is_some_and(|hints| hints.read_only_hint == Some(true)))
    }
}

/// Whether a tool may be called by this identity, as its card says (`MCP-18`). Nobody knows who a bridge is that never
/// connected, so it is nobody whom a card names.
pub(super) fn is_open_to(card: &ToolCard, identity: Option<&str>) -> bool {
    let Some(callers) = &card.allowed_callers else { return true };
    identity.is_some_and(|identity| callers.iter().any(|caller| caller == identity))
}

/// Whether one of them holds; where there is none, everything does.
fn any(wanted: &[String], holds: impl Fn(&String) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(holds)
}

/// Whether a name fits a pattern, in which `*` is any number of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_number_of_characters() {
        for (pattern, name, fits) in [
            ("weather", "weather", true),
            ("weather", "weather2", false),
            ("*", "", true),
            ("w*r", "weather", true),
            ("w*r", "weathers", false),
            ("*a*e*", "weather", true),
            ("*e*e*", "weather", true),
            ("*e*e*e*", "weather", false),
            ("ab*ba", "aba", false),
            ("", "weather", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    fn card(json: &str) -> ToolCard {
        ToolCard::read("weather", json.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn all_that_is_said_has_to_hold() {
        let card = card(r#"{"server": "north", "tags": ["sky"], "annotations": {"readOnlyHint": true}}"#);
        let filter = |names: &[&str], tags: &[&str], servers: &[&str]| Filter {
            names: names.iter().map(ToString::to_string).collect(),
            tags: tags.iter().map(ToString::to_string).collect(),
            servers: servers.iter().map(ToString::to_string).collect(),
            ..Filter::default()
        };
        assert!(Filter::default().admits(&card));
        assert!(filter(&["clock", "wea*"], &["sky"], &["no*"]).admits(&card));
        assert!(!filter(&["clock"], &["sky"], &["no*"]).admits(&card));
        assert!(!filter(&["wea*"], &["sea"], &["no*"]).admits(&card));
        assert!(!filter(&["wea*"], &["sky"], &["south"]).admits(&card));
        assert!(Filter { read_only: true, ..Filter::default() }.admits(&card));
        assert!(!Filter { allowed: Some(vec![]), ..Filter::default() }.admits(&card));
    }

    #[test]
    fn a_tool_that_says_nothing_is_not_read_only() {
        assert!(!Filter { read_only: true, ..Filter::default() }.admits(&card("{}")));
    }

    #[test]
    fn mcp_18_a_tool_for_other_callers_is_not_shown() {
        let card = card(r#"{"allowed_callers": ["scout"]}"#);
        assert!(is_open_to(&card, Some("scout")));
        assert!(!is_open_to(&card, Some("stranger")));
        assert!(!is_open_to(&card, None));
        assert!(is_open_to(&ToolCard { allowed_callers: None, ..card }, None));
    }
}
