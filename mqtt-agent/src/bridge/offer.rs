//! [`Offer`]: a tool as hosts see it, made from its card; and the reasons for not showing a card, because one schema
//! that a host can't read hides all tools from it.

use std::sync::Arc;

use rmcp::model::{MetaObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::wrap;
use crate::schema::dialect::{Dialect, refusals};
use crate::wire::{CardSchema, ToolCard};

/// The largest description, and the largest schema, in bytes. Models pay for each with every request.
const LARGEST: usize = 256 << 10;

/// Which hosts: those that say `initialize`, or those of revision 2026-07-28 and later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    Legacy,
    Modern,
}

/// What a tool says of its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// Nothing.
    Undeclared,
    /// They are objects.
    Object,
    /// They are something else, or may be: legacy hosts get them wrapped.
    Wrapped,
}

/// A tool as hosts see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Offer {
    pub(super) modern: Tool,
    pub(super) legacy: Tool,
    pub(super) output: Output,
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
        let size = serde_json::to_string(&modern).map_or(0, |text| text.len());
        Ok(Self { modern, legacy, output, size })
    }

    pub(super) fn to(&self, era: Era) -> &Tool {
        match era {
            Era::Legacy => &self.legacy,
            Era::Modern => &self.modern,
        }
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
