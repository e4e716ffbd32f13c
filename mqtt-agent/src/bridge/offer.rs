//! [`Offer`]: a tool as hosts see it, made from its card; and the reasons for not showing a card, because one schema
//! that a host can't read hides all tools from it.

use std::sync::Arc;

use rmcp::model::{MetaObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::reader::{Era, Output, Reader};
use super::{handle, skill, wrap};
use crate::schema::dialect::{Dialect, refusals};
use crate::wire::{CardSchema, ToolCard};

/// The largest description, and the largest schema, in bytes. Models pay for each with every request.
const LARGEST: usize = 256 << 10;

/// A tool as hosts see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) modern: Tool,
    pub(super) legacy: Tool,
    pub(super) output: Output,
    /// The two again, of a skill with a schema of its results, for hosts that may get a handle in place of one.
    handled: Option<Box<[Tool; 2]>>,
    /// How many bytes a host reads of it.
    pub(super) size: usize,
}

impl Offer {
    /// Why a card isn't shown is the error.
    pub(super) fn of(name: &str, card: &ToolCard) -> Result<Self, String> {
        let output = card.output_schema.as_ref();
        let texts = [Some(card.description.as_str()), Some(card.input_schema.as_text())];
        let texts = texts.into_iter().chain([output.map(CardSchema::as_text)]).flatten();
        if let Some(text) = texts.into_iter().find(|text| text.len() > LARGEST) {
            return Err(format!("a text of {} bytes is over the {LARGEST} that hosts are shown", text.len()));
        }
        // The name is ours.
        let refused = refusals("tool", &card.input_schema, output.map(|schema| &**schema), Dialect::Mcp);
        if let Some(refusal) = refused.first() {
            return Err(refusal.to_string());
        }
        let Value::Object(mut input) = Value::clone(&card.input_schema) else {
            return Err("`input_schema` is no object".to_owned());
        };
        // Some hosts read it without looking whether it is there.
        input.entry("properties").or_insert_with(|| json!({}));
        let mut tool = Tool::new(name.to_owned(), card.description.clone(), Arc::new(input));
        let renamed = (name != card.tool).then_some(&card.tool);
        if let Some(title) = card.title.as_ref().or(renamed) {
            tool = tool.with_title(title.clone());
        }
        if let Some(hints) = &card.annotations {
            tool = tool.with_annotations(ToolAnnotations::from_raw(
                hints.title.clone(),
                hints.read_only_hint,
                hints.destructive_hint,
                hints.idempotent_hint,
                hints.open_world_hint,
            ));
        }
        if let Some(own) = renamed {
            tool = tool.with_meta(MetaObject(Map::from_iter([("mqtt-agent/tool".to_owned(), json!(own))])));
        }
        let (modern, legacy, output) = match output.map(|schema| Value::clone(schema)) {
            None => (tool.clone(), tool, Output::Undeclared),
            Some(Value::Object(schema)) if wrap::is_object(&schema) => {
                let tool = tool.with_raw_output_schema(Arc::new(schema));
                (tool.clone(), tool, Output::Object)
            }
            Some(Value::Object(schema)) => {
                let legacy = tool.clone().with_raw_output_schema(Arc::new(wrap::schema(&schema)));
                (tool.with_raw_output_schema(Arc::new(schema)), legacy, Output::Wrapped)
            }
            Some(_) => return Err("`output_schema` is no object".to_owned()),
        };
        let is_skill = skill::of(&card.tool).is_some();
        let handled = (is_skill && output != Output::Undeclared)
            .then(|| Box::new([&modern, &legacy].map(|tool| handled(tool.clone()))));
        let largest = handled.as_deref().map_or(&modern, |[modern, _]| modern);
        let size = serde_json::to_string(largest).map_or(0, |text| text.len());
        Ok(Self { modern, legacy, output, handled, size })
    }

    pub(super) fn to(&self, reader: Reader) -> &Tool {
        match (reader.era, self.handled.as_deref().filter(|_| !reader.takes_tasks)) {
            (Era::Modern, Some([modern, _])) => modern,
            (Era::Legacy, Some([_, legacy])) => legacy,
            (Era::Modern, None) => &self.modern,
            (Era::Legacy, None) => &self.legacy,
        }
    }
}

/// A tool whose result may be a handle. It says nothing of its results if hosts could not read that.
fn handled(mut tool: Tool) -> Tool {
    let schema = tool.output_schema.take().map(|schema| wrap::or(&schema, &handle::SCHEMA));
    let schema = schema.map(Value::Object).filter(|schema| {
        // Deeper than it was.
        refusals("tool", &json!({"type": "object"}), Some(schema), Dialect::Mcp).is_empty()
    });
    match schema {
        Some(Value::Object(schema)) => tool.with_raw_output_schema(Arc::new(schema)),
        _ => tool,
    }
}

/// A tool that hosts can call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub(super) card: ToolCard,
    pub(super) offer: Offer,
}

impl Listed {
    /// Whether this is its name, on the broker or for hosts.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.card.tool == name || self.offer.modern.name == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(card: Value) -> Result<Offer, String> {
        let card = ToolCard::read("fs.read", card.to_string().as_bytes()).unwrap().unwrap();
        Offer::of("fs_read", &card)
    }

    #[test]
    fn hosts_see_what_the_card_says() {
        let offer = offer(json!({
            "description": "Reads a file.",
            "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
            "output_schema": {"type": "object"},
            "annotations": {"readOnlyHint": true},
        }))
        .unwrap();
        assert_eq!(offer.modern, offer.legacy);
        assert_eq!(
            serde_json::to_value(&offer.modern).unwrap(),
            json!({
                "name": "fs_read",
                "title": "fs.read",
                "description": "Reads a file.",
                "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}}},
                "outputSchema": {"type": "object"},
                "annotations": {"readOnlyHint": true},
                "_meta": {"mqtt-agent/tool": "fs.read"},
            })
        );
    }

    #[test]
    fn the_schema_of_the_arguments_always_has_properties() {
        let offer = offer(json!({})).unwrap();
        assert_eq!(
            Value::Object((*offer.modern.input_schema).clone()),
            json!({"type": "object", "properties": {}})
        );
    }

    #[test]
    fn legacy_hosts_get_the_schema_of_what_is_no_object_wrapped() {
        let offer = offer(json!({"output_schema": {"type": "string"}})).unwrap();
        assert_eq!(offer.output, Output::Wrapped);
        assert_eq!(offer.modern.output_schema.unwrap()["type"], "string");
        assert_eq!(offer.legacy.output_schema.unwrap()["properties"], json!({"result": {"type": "string"}}));
    }

    #[test]
    fn the_result_of_a_skill_may_be_a_handle() {
        for output in [
            json!({"type": "object", "required": ["a"]}),
            json!({"$ref": "#/$defs/s", "$defs": {"s": {"type": "string"}}}),
        ] {
            let card = json!({"output_schema": output});
            let card = ToolCard::read("baker/roast", card.to_string().as_bytes()).unwrap().unwrap();
            let offer = Offer::of("baker_roast", &card).unwrap();
            let is_object = offer.output == Output::Object;
            for (era, result) in [
                (Era::Legacy, if is_object { json!({"a": 1}) } else { json!({"result": "x"}) }),
                (Era::Modern, if is_object { json!({"a": 1}) } else { json!("x") }),
            ] {
                let schema = |takes_tasks| {
                    let schema = offer.to(Reader { era, takes_tasks }).output_schema.clone().unwrap();
                    jsonschema::validator_for(&Value::Object((*schema).clone())).unwrap()
                };
                let handle = json!({"agent_task": {"id": "x", "status": "working"}});
                for (takes_tasks, takes_handle) in [(true, false), (false, true)] {
                    let schema = schema(takes_tasks);
                    assert!(schema.is_valid(&result), "{era:?} {result}");
                    assert_eq!(schema.is_valid(&handle), takes_handle, "{era:?}");
                    assert!(!schema.is_valid(&json!(7)), "{era:?}");
                }
            }
        }
    }

    #[test]
    fn a_schema_that_would_be_too_deep_with_a_handle_is_left_out() {
        let deep = |levels| {
            (0..levels).fold(json!({"type": "object"}), |inner, _| json!({"type": "object", "not": inner}))
        };
        let of = |levels| {
            let card = json!({"output_schema": deep(levels)});
            let card = ToolCard::read("baker/roast", card.to_string().as_bytes()).unwrap().unwrap();
            Offer::of("baker_roast", &card)
        };
        // A card with a deeper one has none.
        let has_one = |offer: Offer| offer.legacy.output_schema.is_some();
        let deepest = (0..125).rfind(|levels| of(*levels).is_ok_and(has_one)).unwrap();
        for (levels, has_schema) in [(deepest, false), (deepest - 4, true)] {
            let offer = of(levels).unwrap();
            let schema =
                |takes_tasks| offer.to(Reader { era: Era::Legacy, takes_tasks }).output_schema.is_some();
            assert!(schema(true) && schema(false) == has_schema, "{levels}");
        }
    }

    #[test]
    fn what_would_hide_all_tools_from_a_host_is_not_shown() {
        for card in [
            json!({"input_schema": {"type": "object", "properties": {"any": true}}}),
            json!({"input_schema": {"type": "string"}}),
            json!({"input_schema": true}),
            json!({"output_schema": true}),
            json!({"description": "x".repeat(LARGEST + 1)}),
        ] {
            assert!(offer(card.clone()).is_err(), "{card}");
        }
    }
}
