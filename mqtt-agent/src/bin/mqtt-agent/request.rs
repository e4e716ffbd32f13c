//! What a task asks for, from the words behind an agent's name.

use clap::ArgMatches;
use clap::error::ErrorKind;
use mqtt_agent::a2a::NewTask;
use mqtt_agent::wire::{AgentCard, AgentSkill};
use serde_json::{Map, Value};

use crate::arguments::{self, Callee, meant, rest};
use crate::example::{line, quoted};
use crate::exit::Failure;
use crate::options::{Own, refused};
use crate::property::{self, Property};
use crate::skills::{chosen, ids};
use crate::told::{named, told};

/// The options that hold for a task wherever they stand.
pub(crate) const OWN: Own = Own {
    command: "ask",
    flags: &["json", "detach", "plain"],
    valued: &["url", "namespace", "context", "timeout", "skill", "id"],
};

/// What was typed.
pub(crate) struct Typed {
    pub(crate) agent: String,
    pub(crate) skill: Option<String>,
    /// The request is a text, whatever it looks like.
    pub(crate) plain: bool,
    pub(crate) words: Vec<String>,
}

/// What comes of it.
pub(crate) enum Request {
    Task(NewTask),
    Help(String),
}

/// Whom the words are for, and what it takes.
struct Asked<'c> {
    agent: &'c str,
    card: &'c AgentCard,
    /// `None` where the agent chooses.
    skill: Option<&'c AgentSkill>,
    schema: Option<&'c Value>,
    properties: Vec<Property>,
}

/// Reads the words as the agent's card says.
pub(crate) fn of(card: &AgentCard, typed: Typed) -> Result<Request, Failure> {
    let Typed { agent, skill, plain, words } = typed;
    let chosen = chosen(card, &agent, skill.as_deref())?;
    let schema = chosen.and_then(|skill| card.input_schema(&skill.id));
    let properties = schema.map(|schema| property::of(schema, &OWN)).unwrap_or_default();
    let asked = Asked { agent: &agent, card, skill: chosen, schema, properties };
    let option = words.iter().find(|word| word.len() > 2 && word.starts_with("--")).cloned();
    let matches = match asked.command().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) if error.kind() == ErrorKind::DisplayHelp => return Ok(Request::Help(error.to_string())),
        Err(error) => {
            let option = option.filter(|_| asked.properties.is_empty());
            return Err(option.map_or_else(|| refused(&error), |option| asked.no_options(&option)));
        }
    };
    let (text, mut arguments) = asked.rest(&matches, plain)?;
    arguments::put(&asked.properties, &matches, &mut arguments)?;
    asked.complete(&matches, text, &arguments)?;

    // An agent whose card says nothing of skills has types of its own.
    let id = chosen.map(|skill| skill.id.clone()).or(skill);
    let task = NewTask::skill(id.unwrap_or_default());
    let task = text.map_or(task.clone(), |text| task.text(text));
    let with_arguments = asked.schema.is_some() && (text.is_none() || !arguments.is_empty());
    Ok(Request::Task(if with_arguments { task.data(&arguments) } else { task }))
}

/// A task that may be typed.
pub(crate) fn example(card: &AgentCard, skill: &AgentSkill) -> String {
    let agent = told(&quoted(&card.agent_id));
    let named =
        if card.skills.len() == 1 { String::new() } else { format!(" --skill {}", told(&quoted(&skill.id))) };
    let command = format!("mqtt-agent ask {agent}{named}");
    match card.input_schema(&skill.id) {
        Some(schema) => line(&command, &property::of(schema, &OWN)),
        None => {
            let text = skill.examples.first().map_or("TEXT", String::as_str);
            format!("{command} {}", quoted(text))
        }
    }
}

impl Asked<'_> {
    /// The skill and its agent, as an error names them.
    fn name(&self) -> String {
        match self.skill {
            Some(skill) => format!("the skill `{}` of `{}`", named(&skill.id), self.agent),
            None => format!("`{}`", self.agent),
        }
    }

    fn command(&self) -> clap::Command {
        let about = self.skill.map_or(&self.card.description, |skill| &skill.description);
        let command = format!("mqtt-agent ask {}", self.agent);
        let takes = match self.schema {
            Some(_) => {
                ("[TEXT | {JSON}]", "The request, or all arguments as a JSON object; options are put into it")
            }
            None => ("TEXT", "The request"),
        };
        let (usage, help) = takes;
        let callee = Callee { command, rest: usage, rest_help: ["TEXT", help], about, own: &OWN };
        arguments::command(&callee, &self.properties)
    }

    /// The skills of an agent that has several, of which none was chosen.
    fn undecided(&self) -> Option<String> {
        (self.skill.is_none() && self.card.skills.len() > 1).then(|| ids(self.card))
    }

    /// Options for what has none.
    fn no_options(&self, option: &str) -> Failure {
        let name = option.trim_start_matches('-').split('=').next().unwrap_or_default();
        Failure::usage(match (self.undecided(), self.schema) {
            (Some(skills), _) => {
                format!("`--{name}` needs a skill; choose one by `--skill`: {skills}")
            }
            (None, Some(_)) => {
                format!(
                    "{} has no arguments that are options; write a JSON object: '{{\"{name}\": ..}}'",
                    self.name()
                )
            }
            (None, None) => format!(
                "the card of `{}` has no options for {}; write the request as a text, or its arguments as JSON: \
                 '{{\"{name}\": ..}}'",
                self.agent,
                self.skill.map_or("it".to_owned(), |skill| format!("`{}`", named(&skill.id))),
            ),
        })
    }

    /// What stands beside the options: a text, or all arguments.
    fn rest<'m>(
        &self,
        matches: &'m ArgMatches,
        plain: bool,
    ) -> Result<(Option<&'m str>, Map<String, Value>), Failure> {
        let rest = rest(matches);
        if rest.len() > 1 {
            return Err(Failure::usage("the request is one text; write it in quotes"));
        }
        let Some(text) = rest.first() else { return Ok((None, Map::new())) };
        if plain || !text.trim_start().starts_with(['{', '[']) {
            return Ok((Some(text), Map::new()));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(arguments)) if self.schema.is_some() => Ok((None, arguments)),
            Ok(Value::Array(_)) if self.schema.is_some() => Err(Failure::usage(format!(
                "the arguments of {} are a JSON object, and this is a list; write {{\"name\": value}}, or send \
                 it as a text with `--plain`",
                self.name()
            ))),
            Ok(_) => Ok((Some(text), Map::new())),
            Err(error) => Err(Failure::usage(format!(
                "the request begins like JSON, and cannot be parsed: {error}; correct it, or send it as a text with `--plain`"
            ))),
        }
    }

    /// Refuses a task that lacks something.
    fn complete(
        &self,
        matches: &ArgMatches,
        text: Option<&str>,
        arguments: &Map<String, Value>,
    ) -> Result<(), Failure> {
        if self.schema.is_none() {
            return match text {
                Some(_) => Ok(()),
                None => Err(Failure::usage(format!(
                    "say what {} is to do; write `mqtt-agent ask {} 'TEXT'`",
                    self.name(),
                    quoted(self.agent)
                ))),
            };
        }
        let complete = arguments::complete(&self.name(), &self.properties, arguments);
        match text.filter(|_| complete.is_err()).and_then(|text| meant(&self.properties, matches, text)) {
            Some(option) => {
                Err(Failure::usage(format!("the arguments of {} are options; write `{option}`", self.name())))
            }
            None => complete,
        }
    }
}
