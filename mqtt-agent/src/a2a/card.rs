//! The agent's card in the official types of A2A 1.0.

use std::collections::BTreeSet;

use ::a2a::{
    AgentCapabilities, AgentCard as A2aCard, AgentExtension, AgentInterface, AgentProvider, AgentSkill,
};

use crate::wire::{self, AgentCard};

/// The URI of the protocol binding: A2A tasks over MQTT 5, as in MQTT.Agent v0.1. This crate defines it, because A2A
/// defines no binding for MQTT.
pub const BINDING: &str = "https://github.com/mqtt-agent/mqtt-agent/bindings/mqtt-agent/v0.1";

impl AgentCard {
    /// Converts the card to one of A2A 1.0, for registries and gateways. Requires the feature `a2a-types`.
    ///
    /// `url` is the broker's URL, such as `mqtts://broker.example:8883`; the card lists it as an interface with the
    /// binding [`BINDING`](crate::a2a::BINDING). Clients that do not know this binding ignore that interface. The
    /// schemas of the skills are in the same extension as on the wire. An agent without a version gets `0.0.0`.
    #[must_use]
    pub fn a2a(&self, url: &str) -> A2aCard {
        let modes = |of: fn(&wire::AgentSkill) -> &Vec<String>| {
            let modes: BTreeSet<_> = self.skills.iter().flat_map(of).cloned().collect();
            if modes.is_empty() { vec!["application/json".to_owned()] } else { modes.into_iter().collect() }
        };
        let extensions: Vec<_> = self.extensions.iter().map(extension).collect();
        A2aCard {
            name: or(&self.name, &self.agent_id),
            description: or(&self.description, &self.agent_id),
            version: or(self.version_info.agent.as_deref().unwrap_or_default(), "0.0.0"),
            supported_interfaces: vec![AgentInterface::new(url, BINDING)],
            capabilities: AgentCapabilities {
                // What `updates` are on this binding (A2A-13).
                streaming: Some(true),
                push_notifications: Some(false),
                extensions: (!extensions.is_empty()).then_some(extensions),
                extended_agent_card: Some(false),
            },
            default_input_modes: modes(|skill| &skill.input_modes),
            default_output_modes: modes(|skill| &skill.output_modes),
            skills: self.skills.iter().map(skill).collect(),
            provider: self.provider.as_ref().map(|provider| AgentProvider {
                organization: provider.organization.clone(),
                url: provider.url.clone(),
            }),
            documentation_url: self.documentation_url.clone(),
            icon_url: self.icon_url.clone(),
            security_schemes: None,
            security_requirements: None,
            signatures: None,
        }
    }
}

fn skill(skill: &wire::AgentSkill) -> AgentSkill {
    let some = |texts: &Vec<String>| (!texts.is_empty()).then(|| texts.clone());
    AgentSkill {
        id: skill.id.clone(),
        name: or(&skill.name, &skill.id),
        description: or(&skill.description, &skill.id),
        tags: some(&skill.tags).unwrap_or_else(|| vec![skill.id.clone()]),
        examples: some(&skill.examples),
        input_modes: some(&skill.input_modes),
        output_modes: some(&skill.output_modes),
        security_requirements: None,
    }
}

fn extension(extension: &wire::AgentExtension) -> AgentExtension {
    let params = &extension.params;
    AgentExtension {
        uri: extension.uri.clone(),
        description: (!extension.description.is_empty()).then(|| extension.description.clone()),
        required: Some(false),
        params: (!params.is_empty())
            .then(|| params.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
    }
}

/// A2A requires a text that a card of another implementation may lack.
fn or(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_owned() }
}
