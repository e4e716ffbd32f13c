//! [`Index`]: the search over tools, by BM25. Words in a tool's name count more than words in its description, and rare
//! words more than frequent ones.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::super::offer::Listed;
use super::words::words;

/// How much a word is worth that is in the name, the title or a tag.
const NAME: f32 = 3.0;

/// So much of a text is searched, in characters.
const LONGEST: usize = 4000;

/// How many arguments of a tool are searched.
const MOST_ARGUMENTS: usize = 64;

/// The two parameters of BM25: how soon more of a word is worth nothing more, and how much longer texts are worth less.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// Tools as they are searched.
#[derive(Debug)]
pub(in super::super) struct Index {
    tools: Vec<Arc<Listed>>,
    /// Of each word, the tools that have it, and how much of it.
    words: HashMap<String, Vec<(usize, f32)>>,
    /// How long the text of each tool is, by the mean of all.
    lengths: Vec<f32>,
}

impl Index {
    pub(in super::super) fn new<'t>(tools: impl Iterator<Item = &'t Arc<Listed>>) -> Self {
        let tools: Vec<_> = tools.map(Arc::clone).collect();
        let mut index: HashMap<String, Vec<(usize, f32)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(tools.len());
        for (number, listed) in tools.iter().enumerate() {
            let counts = counted(listed);
            lengths.push(counts.values().sum());
            for (word, count) in counts {
                index.entry(word).or_default().push((number, count));
            }
        }
        let mean = lengths.iter().sum::<f32>() / (lengths.len().max(1) as f32);
        lengths.iter_mut().for_each(|length| *length /= mean.max(1.0));
        Self { tools, words: index, lengths }
    }

    /// The tools that fit best among those that may be found, the best first.
    pub(in super::super) fn search(
        &self,
        query: &str,
        limit: usize,
        may_be_found: impl Fn(&Listed) -> bool,
    ) -> Vec<&Arc<Listed>> {
        let query = cut(query);
        let count = self.tools.len() as f32;
        let mut scores: HashMap<usize, f32> = HashMap::new();
        for word in words(query).into_iter().collect::<BTreeSet<_>>() {
            let Some(having) = self.words.get(&word) else { continue };
            let having_count = having.len() as f32;
            let rarity = (1.0 + (count - having_count + 0.5) / (having_count + 0.5)).ln();
            for (number, often) in having {
                let length = self.lengths.get(*number).copied().unwrap_or(1.0);
                let worth = often * (K1 + 1.0) / (often + K1 * (1.0 - B + B * length));
                *scores.entry(*number).or_default() += rarity * worth;
            }
        }
        // Who knows the name has found it.
        let named = self.tools.iter().position(|listed| listed.is_named(query.trim()));
        if let Some(number) = named {
            scores.insert(number, f32::MAX);
        }
        let mut found: Vec<_> = scores
            .into_iter()
            .filter_map(|(number, score)| Some((score, number, self.tools.get(number)?)))
            .filter(|(_, _, listed)| may_be_found(listed))
            .collect();
        found.sort_by(|(one, first, _), (other, second, _)| other.total_cmp(one).then(first.cmp(second)));
        found.into_iter().take(limit).map(|(_, _, listed)| listed).collect()
    }
}

/// How much of each word a tool has.
fn counted(listed: &Listed) -> HashMap<String, f32> {
    let card = &listed.card;
    let mut counts = HashMap::new();
    let mut add = |text: &str, worth: f32| {
        for word in words(cut(text)) {
            *counts.entry(word).or_default() += worth;
        }
    };
    add(&card.tool, NAME);
    add(card.title.as_deref().unwrap_or_default(), NAME);
    card.tags.iter().take(MOST_ARGUMENTS).for_each(|tag| add(tag, NAME));
    add(&card.description, 1.0);
    let arguments = card.input_schema.get("properties").and_then(Value::as_object);
    for (name, schema) in arguments.into_iter().flatten().take(MOST_ARGUMENTS) {
        add(name, 1.0);
        add(schema.get("description").and_then(Value::as_str).unwrap_or_default(), 0.5);
    }
    counts
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bridge::offer::Offer;
    use crate::wire::ToolCard;

    fn listed(tool: &str, card: &Value) -> Arc<Listed> {
        let card = ToolCard::read(tool, card.to_string().as_bytes()).unwrap().unwrap();
        let offer = Offer::of(&tool.replace('.', "_"), &card).unwrap();
        Arc::new(Listed { card, offer })
    }

    fn index() -> Index {
        let tools = [
            listed("fs.read", &json!({"description": "Reads a file."})),
            listed("forecast", &json!({"description": "Weather of the next days.", "tags": ["sky"]})),
            listed("mail", &json!({"description": "Sends a message.", "allowed_callers": ["scout"]})),
            listed(
                "move",
                &json!({"input_schema": {"type": "object", "properties": {
                    "destination": {"type": "string", "description": "Where the robot goes."},
                }}}),
            ),
        ];
        Index::new(tools.iter())
    }

    fn found(query: &str) -> Vec<String> {
        let index = index();
        let found = index.search(query, 5, |listed| listed.card.allowed_callers.is_none());
        found.into_iter().map(|listed| listed.card.tool.clone()).collect()
    }

    #[test]
    fn tools_are_found_by_name_description_argument_and_tag() {
        for (query, tool) in [
            ("read files", "fs.read"),
            ("fs_read", "fs.read"),
            ("fs.read", "fs.read"),
            ("what is the weather", "forecast"),
            ("sky", "forecast"),
            ("destinations", "move"),
            ("let the robot go", "move"),
        ] {
            assert_eq!(found(query).first().map(String::as_str), Some(tool), "{query}");
        }
    }

    #[test]
    fn what_is_closed_or_unknown_is_not_found() {
        for query in ["send a message", "mail", "", "the", "xyzzy"] {
            assert_eq!(found(query), Vec::<String>::new(), "{query}");
        }
    }

    #[test]
    fn a_long_query_takes_no_longer_than_its_beginning() {
        let began = std::time::Instant::now();
        assert_eq!(found(&"weather ".repeat(1_000_000)), ["forecast"]);
        assert!(began.elapsed().as_secs() < 1);
    }
}
