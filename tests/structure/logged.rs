//! What peers write is logged and printed through `shown`, which escapes and shortens it. Here is each field of each log line,
//! and each text that the message of an error holds.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Fields, Item, ItemMod, Macro, Meta, Type};

use crate::sources::{Sources, name};

/// Fields that are this program's own, by name: what it was built of or configured with, and numbers. An error's `Display`
/// shows what it holds, which is looked at here too.
const OWN: &[&str] = &[
    "agent",
    "at",
    "again",
    "attempt",
    "calls",
    "client_id",
    // Of what a handler of this program answered.
    "code",
    "connections",
    "epoch",
    "error",
    "filter",
    "handler",
    "held_ms",
    "kind",
    "limit",
    "messaging . message . body . size",
    "otel . kind",
    "otel . name",
    "outcome",
    "package",
    // Of packets.
    "packet",
    "parent : None",
    "qos",
    "reasons",
    "retain",
    "queued",
    "ran",
    "reference",
    "running",
    "session_present",
    "size",
    "skill",
    "skills",
    "state",
    "target : TARGET",
    "tasks",
    "tools",
    "topics",
    "what",
];

/// The same, where the value is looked at as well.
const OWN_VALUES: &[&str] = &[
    "self . tool . name",
    "\"mqtt\"",
    "\"server\"",
    "\"execute_tool\"",
    "\"invoke_agent\"",
    "\"client\"",
    "\"producer\"",
    "\"process\"",
    "\"publish\"",
    "\"send\"",
    "\"tools/call\"",
    // Recorded later, where it is not looked at here.
    "Empty",
];

/// What the messages of log lines may hold.
const OWN_IN_MESSAGES: &[&str] =
    &["MOST", "UPDATES", "UPDATE_BYTES", "more", "patience", "session_expiry", "usual", "what", "within"];

/// What an error's message is printed from as it is: everything else is a type with a `Display` of its own.
const TEXTS: &[&str] = &["String", "serde_json::Error", "Arc<str>", "Option<String>"];

/// Errors of what only this program writes.
const OWN_ERRORS: &[&str] = &["BrokenRule", "BrokerError", "PartialsError", "SchemaError"];

/// One sentence for each text that is logged or printed as it came.
pub(crate) fn findings(sources: &Sources) -> Vec<String> {
    let mut findings = Vec::new();
    for (file, ast) in &sources.0 {
        let file = name(file);
        for item in &ast.items {
            errors(&file, item, &mut findings);
        }
        // The macros themselves pass on what they are given.
        if !matches!(file.as_str(), "log" | "log_rate") {
            Lines { file: &file, findings: &mut findings }.visit_file(ast);
        }
    }
    findings
}

/// One sentence for each log line that a program without a subscriber could not see.
pub(crate) fn unseen(sources: &Sources) -> Vec<String> {
    let mut findings = Vec::new();
    for (file, ast) in &sources.0 {
        let file = name(file);
        if file != "log" {
            Unseen { file: &file, findings: &mut findings }.visit_file(ast);
        }
    }
    findings
}

/// Looks for macros of `tracing` that log.
struct Unseen<'a> {
    file: &'a str,
    findings: &'a mut Vec<String>,
}

impl<'ast> Visit<'ast> for Unseen<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !module.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, found: &'ast Macro) {
        let names: Vec<_> = found.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [krate, level] = names.as_slice() {
            self.look(krate, level);
        }
        self.within(found.tokens.clone());
    }
}

impl Unseen<'_> {
    fn look(&mut self, krate: &str, level: &str) {
        if krate == "tracing" && is_log(level) && !level.ends_with("span") {
            let file = self.file;
            self.findings.push(format!(
                "`tracing::{level}!` in `{file}` is not printed: write `crate::log::{level}!`"
            ));
        }
    }

    fn within(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for path in tokens.windows(5) {
            let path: Vec<_> = path.iter().map(ToString::to_string).collect();
            if let [krate, _, _, level, end] = path.as_slice()
                && end == "!"
            {
                self.look(krate, level);
            }
        }
        for token in tokens {
            if let TokenTree::Group(group) = token {
                self.within(group.stream());
            }
        }
    }
}

/// Looks at log lines.
struct Lines<'a> {
    file: &'a str,
    findings: &'a mut Vec<String>,
}

impl<'ast> Visit<'ast> for Lines<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !module.attrs.iter().any(is_for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_macro(&mut self, found: &'ast Macro) {
        let last = found.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        if is_log(&last) { self.line(found.tokens.clone()) } else { self.within(found.tokens.clone()) }
    }
}

impl Lines<'_> {
    /// Log lines in what is no Rust to the parser: the arms of `select!`.
    fn within(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            let is_line =
                index > 1 && tokens[index - 1].to_string() == "!" && is_log(&tokens[index - 2].to_string());
            if is_line { self.line(group.stream()) } else { self.within(group.stream()) }
        }
    }

    fn line(&mut self, tokens: TokenStream) {
        let Self { file, findings } = self;
        for (index, field) in split(tokens).iter().enumerate() {
            let text = field.iter().cloned().collect::<TokenStream>().to_string();
            if let [TokenTree::Literal(message)] = field.as_slice() {
                for name in placeholders(&message.to_string()) {
                    if !OWN_IN_MESSAGES.contains(&name.as_str()) {
                        findings.push(format!(
                            "`{{{name}}}` is logged in `{file}` as it came: make it a field, and write `%shown(..)`"
                        ));
                    }
                }
                continue;
            }
            // `limited!` has the level first.
            if index == 0 && matches!(text.as_str(), "warn" | "error") && field.len() == 1 {
                continue;
            }
            let (name, value) = text.split_once(" = ").unwrap_or((&text, &text));
            let name = name.trim_start_matches(['%', '?', ' ']);
            let is_shown = value.starts_with("% shown") || value.starts_with("% quoting");
            if !is_shown && !OWN.contains(&name) && !OWN_VALUES.contains(&value) {
                findings.push(format!("`{text}` is logged in `{file}` as it came: write `%shown(..)`"));
            }
        }
    }
}

fn is_log(name: &str) -> bool {
    matches!(name, "trace" | "debug" | "info" | "warn" | "error" | "event" | "limited")
        || name.ends_with("span")
}

fn is_for_tests(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string().contains("test"))
}

/// At commas.
fn split(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => parts.push(Vec::new()),
            token => parts.last_mut().unwrap().push(token),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The names within braces.
fn placeholders(text: &str) -> Vec<String> {
    let text = text.replace("{{", "").replace("}}", "");
    let inner = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let names = inner.map(|inner| inner.split(':').next().unwrap_or_default().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// Looks at the messages of errors.
fn errors(file: &str, item: &Item, findings: &mut Vec<String>) {
    let mut look = |name: String, attributes: &[Attribute], fields: &Fields| {
        if OWN_ERRORS.contains(&name.split("::").next().unwrap()) {
            return;
        }
        let Some(text) = attributes.iter().find(|attribute| attribute.path().is_ident("error")) else {
            return;
        };
        let Meta::List(list) = &text.meta else { return };
        let parts = split(list.tokens.clone());
        let Some([TokenTree::Literal(message)]) = parts.first().map(Vec::as_slice) else { return };
        let given: Vec<_> = parts.iter().skip(1).map(|part| part[0].to_string()).collect();
        for placeholder in placeholders(&message.to_string()) {
            let field = fields.iter().enumerate().find(|(index, field)| {
                field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string) == placeholder
            });
            let is_text = field.is_some_and(|(_, field)| TEXTS.contains(&written(&field.ty).as_str()));
            if is_text && !given.contains(&placeholder) {
                findings.push(format!(
                    "`{name}` in `{file}` prints `{placeholder}` as it came: write `{{{placeholder}}}` as `shown(.{placeholder})`"
                ));
            }
        }
    };
    match item {
        Item::Enum(item) => {
            for variant in &item.variants {
                look(format!("{}::{}", item.ident, variant.ident), &variant.attrs, &variant.fields);
            }
        }
        Item::Struct(item) => look(item.ident.to_string(), &item.attrs, &item.fields),
        _ => {}
    }
}

/// A type without what its arguments may be.
fn written(ty: &Type) -> String {
    let Type::Path(ty) = ty else { return String::new() };
    let segments = ty.path.segments.iter().map(|segment| {
        let arguments = match &segment.arguments {
            syn::PathArguments::AngleBracketed(arguments) => {
                let types = arguments.args.iter().map(|argument| match argument {
                    syn::GenericArgument::Type(ty) => written(ty),
                    _ => String::new(),
                });
                format!("<{}>", types.collect::<Vec<_>>().join(", "))
            }
            _ => String::new(),
        };
        format!("{}{arguments}", segment.ident)
    });
    segments.collect::<Vec<_>>().join("::")
}
