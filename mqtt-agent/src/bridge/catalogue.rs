//! [`Catalogue`]: the tools that hosts are shown, and the cards behind them. No I/O; the time is given.
//!
//! A tool is added when it is found online, and removed when it has not been online for a while, so that the restart of
//! a server removes no tool. The list for hosts is made when something changes, and answered from memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use rmcp::model::Tool;

use super::expose::{Expose, Index};
use super::filter::{Filter, is_open_to};
use super::names::Names;
use super::offer::{Listed, Offer};
use super::reader::Reader;
use crate::log_rate::limited;
use crate::shown::shown;
use crate::wire::ToolCard;

/// A card and when it was online.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    pub(super) card: ToolCard,
    pub(super) online: SystemTime,
}

/// All of them, by the names that hosts know.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    tools: BTreeMap<String, Arc<Listed>>,
    /// Made with the first search.
    index: OnceLock<Index>,
}

impl Shelf {
    /// A tool that this identity may call.
    pub(super) fn get(&self, name: &str, identity: Option<&str>) -> Option<&Arc<Listed>> {
        self.tools.get(name).filter(|listed| is_open_to(&listed.card, identity))
    }

    /// Those that this identity may call.
    pub(super) fn open_to(&self, identity: Option<&str>) -> impl Iterator<Item = &Arc<Listed>> {
        self.tools.values().filter(move |listed| is_open_to(&listed.card, identity))
    }

    /// As a host lists them.
    pub(super) fn list(&self, reader: Reader, identity: Option<&str>) -> Vec<Tool> {
        self.open_to(identity).map(|listed| listed.offer.to(reader).clone()).collect()
    }

    /// The tools that fit best among those that this identity may call. Slow with the first search among many tools.
    pub(super) fn search(&self, query: &str, limit: usize, identity: Option<&str>) -> Vec<&Arc<Listed>> {
        let index = self.index.get_or_init(|| Index::new(self.tools.values()));
        index.search(query, limit, |listed| is_open_to(&listed.card, identity))
    }

    /// Whether a host of this identity is shown the three tools that find all others.
    pub(super) fn is_searched(&self, expose: Expose, identity: Option<&str>) -> bool {
        expose.is_search(self.open_to(identity).map(|listed| listed.offer.size))
    }

    /// Whether a host of this identity sees a difference.
    pub(super) fn shows_the_same(&self, other: &Self, expose: Expose, identity: Option<&str>) -> bool {
        match (self.is_searched(expose, identity), other.is_searched(expose, identity)) {
            (true, true) => return true,
            (false, false) => {}
            _ => return false,
        }
        let (mine, others) = (self.open_to(identity), other.open_to(identity));
        mine.map(|listed| &listed.offer).eq(others.map(|listed| &listed.offer))
    }

    /// Whether anybody may see a difference.
    fn is_the_same(&self, other: &Self) -> bool {
        let parts = |listed: &Arc<Listed>| Arc::as_ptr(listed);
        self.tools.values().map(parts).eq(other.tools.values().map(parts))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.tools.len()
    }
}

/// What is known, and what of it is shown.
#[derive(Debug)]
pub(super) struct Catalogue {
    filter: Filter,
    /// How long a tool stays that is not online.
    keep: Duration,
    known: BTreeMap<String, Known>,
    names: Names,
    shelf: Arc<Shelf>,
    /// When all that is online was last listed.
    listed: Option<SystemTime>,
}

impl Catalogue {
    pub(super) fn new(filter: Filter, keep: Duration) -> Self {
        let (known, names, shelf) = (BTreeMap::new(), Names::default(), Arc::default());
        Self { filter, keep, known, names, shelf, listed: None }
    }

    /// Gives this name to no tool.
    pub(super) fn reserve(&mut self, name: &'static str) {
        self.names.reserve(name);
    }

    /// Whether a tool was there when all that is online was last listed. A hint (`MCP-13`).
    pub(super) fn is_online(&self, tool: &str) -> bool {
        self.known.get(tool).is_none_or(|known| self.listed.is_none_or(|listed| known.online >= listed))
    }

    /// What hosts are shown.
    pub(super) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// What is to be kept for the next process, with the names that hosts know.
    pub(super) fn known(&self) -> impl Iterator<Item = (&Known, &str)> {
        self.known.values().filter_map(|known| Some((known, self.names.get(&known.card.tool)?)))
    }

    /// Takes what an earlier process has kept. Its clock may have been ahead of ours.
    pub(super) fn restore(&mut self, kept: impl IntoIterator<Item = (Known, String)>, now: SystemTime) {
        for (mut known, name) in kept {
            if self.filter.admits(&known.card) {
                known.online = known.online.min(now);
                self.names.restore(&known.card.tool, &name);
                self.known.insert(known.card.tool.clone(), known);
            }
        }
        self.make();
    }

    /// Takes a listing: `is_complete` where what is not in it is not online. `true` when some host may see a difference.
    pub(super) fn take(&mut self, found: Vec<ToolCard>, is_complete: bool, now: SystemTime) -> bool {
        for card in found {
            if self.filter.admits(&card) {
                match self.known.entry(card.tool.clone()) {
                    Entry::Occupied(mut known) => *known.get_mut() = Known { card, online: now },
                    Entry::Vacant(place) => {
                        place.insert(Known { card, online: now });
                    }
                }
            } else {
                self.known.remove(&card.tool);
            }
        }
        if is_complete {
            self.listed = Some(now);
            // A clock that was set back makes nothing old.
            let is_old = |known: &Known| now.duration_since(known.online).is_ok_and(|age| age > self.keep);
            self.known.retain(|_, known| known.online == now || !is_old(known));
        }
        let before = Arc::clone(&self.shelf);
        self.make();
        !before.is_the_same(&self.shelf)
    }

    /// When the next tool goes, if nothing is heard of it.
    pub(super) fn next_end(&self, now: SystemTime) -> Option<Duration> {
        let newest = self.known.values().map(|known| known.online).max()?;
        let away = self.known.values().filter(|known| known.online < newest);
        let ends = away.map(|known| known.online.checked_add(self.keep).unwrap_or(now));
        ends.min().map(|end| end.duration_since(now).unwrap_or_default())
    }

    /// Makes what hosts see. A card that no host can read is left out.
    fn make(&mut self) {
        self.names.retain(|tool| self.known.contains_key(tool));
        self.names.assign(self.known.keys().map(String::as_str));
        let mut tools = BTreeMap::new();
        for (tool, known) in &self.known {
            let Some(name) = self.names.get(tool) else { continue };
            // Most are as they were.
            let before = self.shelf.tools.get(name).filter(|listed| is_same(&listed.card, &known.card));
            let listed = match before {
                Some(listed) => Arc::clone(listed),
                None => match Offer::of(name, &known.card) {
                    Ok(offer) => Arc::new(Listed { card: known.card.clone(), offer }),
                    Err(why) => {
                        limited!(warn, "dropped a tool that MCP hosts cannot take", tool = %shown(tool), why = %shown(&why));
                        continue;
                    }
                },
            };
            tools.insert(name.to_owned(), listed);
        }
        self.shelf = Arc::new(Shelf { tools, index: OnceLock::new() });
    }
}

/// Whether two cards of a tool say the same, but for their publisher and time.
fn is_same(one: &ToolCard, other: &ToolCard) -> bool {
    let ToolCard { description, input_schema, output_schema, title, annotations, supports_streaming, .. } =
        one;
    one.allowed_callers == other.allowed_callers
        && one.tags == other.tags
        && *description == other.description
        && *title == other.title
        && *annotations == other.annotations
        && *supports_streaming == other.supports_streaming
        && *input_schema == other.input_schema
        && *output_schema == other.output_schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::reader::Era;

    const KEEP: Duration = Duration::from_secs(600);

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn card(tool: &str, description: &str) -> ToolCard {
        let json = serde_json::json!({"server": "north", "description": description});
        ToolCard::read(tool, json.to_string().as_bytes()).unwrap().unwrap()
    }

    fn names(catalogue: &Catalogue) -> Vec<String> {
        let tools = catalogue.shelf().list(Reader { era: Era::Modern, takes_tasks: true }, Some("me"));
        tools.into_iter().map(|tool| tool.name.into_owned()).collect()
    }

    #[test]
    fn a_change_is_told_once() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        assert!(catalogue.take(vec![card("a", "one")], true, at(0)));
        assert!(!catalogue.take(vec![card("a", "one")], true, at(1)));
        assert!(catalogue.take(vec![card("a", "two")], true, at(2)));
    }

    #[test]
    fn another_replica_changes_nothing() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        catalogue.take(vec![card("a", "one")], true, at(0));
        let other = ToolCard { server: "south".to_owned(), last_seen: "now".to_owned(), ..card("a", "one") };
        assert!(!catalogue.take(vec![other], true, at(1)));
    }

    #[test]
    fn a_tool_stays_for_a_while_after_it_went_offline() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        catalogue.take(vec![card("a", ""), card("b", "")], true, at(0));
        assert!(!catalogue.take(vec![card("b", "")], true, at(599)));
        assert_eq!((catalogue.is_online("a"), catalogue.is_online("b")), (false, true));
        assert_eq!(catalogue.next_end(at(599)), Some(Duration::from_secs(1)));
        assert!(catalogue.take(vec![card("b", "")], true, at(601)));
        assert_eq!(names(&catalogue), ["b"]);
        assert_eq!(catalogue.next_end(at(601)), None);
    }

    #[test]
    fn the_parts_of_a_listing_count_as_one() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        catalogue.take(vec![card("a", ""), card("b", "")], true, at(0));
        catalogue.take(vec![card("a", "")], false, at(601));
        assert_eq!(names(&catalogue), ["a", "b"]);
        assert!(catalogue.take(vec![], true, at(601)));
        assert_eq!(names(&catalogue), ["a"]);
        assert!(catalogue.is_online("a"));
    }

    #[test]
    fn a_listing_that_is_not_complete_takes_nothing_away() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        catalogue.take(vec![card("a", "")], true, at(0));
        assert!(!catalogue.take(vec![], false, at(10_000)));
        assert_eq!(names(&catalogue), ["a"]);
    }

    #[test]
    fn one_bad_card_takes_no_other_tool_away() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        let json = br#"{"input_schema": {"type": "object", "properties": {"x": true}}}"#;
        let bad = ToolCard::read("bad", json).unwrap().unwrap();
        catalogue.take(vec![card("a", ""), bad], true, at(0));
        assert_eq!(names(&catalogue), ["a"]);
    }

    #[test]
    fn the_name_of_a_tool_that_is_not_shown_goes_with_it() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        for number in 0..10 {
            let json = br#"{"input_schema": {"type": "object", "properties": {"x": true}}}"#;
            let bad = ToolCard::read(&format!("bad{number}"), json).unwrap().unwrap();
            catalogue.take(vec![bad], true, at(number * 1000));
        }
        assert_eq!(catalogue.names.len(), 1);
    }

    #[test]
    fn a_tool_that_was_kept_by_a_clock_that_was_ahead_goes_like_others() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        let card = card("a", "");
        catalogue.restore([(Known { card, online: at(1_000_000) }, "a".to_owned())], at(0));
        catalogue.take(vec![], true, at(601));
        assert_eq!(names(&catalogue), Vec::<String>::new());
    }

    #[test]
    fn mcp_18_a_tool_that_is_closed_to_the_caller_goes_at_once() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        catalogue.take(vec![card("a", "")], true, at(0));
        let closed = ToolCard { allowed_callers: Some(vec!["other".to_owned()]), ..card("a", "") };
        let before = Arc::clone(catalogue.shelf());
        assert!(catalogue.take(vec![closed], true, at(1)));
        assert_eq!(names(&catalogue), Vec::<String>::new());
        let shelf = catalogue.shelf();
        assert!(shelf.get("a", Some("me")).is_none() && shelf.get("a", Some("other")).is_some());
        assert!(
            !shelf.shows_the_same(&before, Expose::Direct, Some("me"))
                && shelf.shows_the_same(&before, Expose::Direct, Some("other"))
        );
    }

    #[test]
    fn the_next_process_shows_the_same_under_the_same_names() {
        let mut catalogue = Catalogue::new(Filter::default(), KEEP);
        catalogue.take(vec![card("a.b", "")], true, at(0));
        catalogue.take(vec![card("a.b", ""), card("a_b", "")], true, at(1));
        let kept: Vec<_> = catalogue.known().map(|(known, name)| (known.clone(), name.to_owned())).collect();
        let mut next = Catalogue::new(Filter::default(), KEEP);
        next.restore(kept, at(1));
        assert!(next.shelf().shows_the_same(catalogue.shelf(), Expose::Direct, Some("me")));
    }
}
