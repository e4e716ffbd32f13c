//! Visits every schema within a schema, with limits for depth and number.

use serde_json::{Map, Value};

use crate::json::push_step;
use crate::schema::keywords::{self, Holds};

/// How deep the JSON of a schema may be nested. Parsers stop at 128 levels, `serde_json` among them, and what carries
/// a schema to a client adds its own.
pub(super) const DEEPEST: usize = 120;

/// How many schemas within a schema are looked at.
pub(super) const MOST_SCHEMAS: usize = 10_000;

/// What a schema is to the one that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The whole.
    Root,
    /// Under `properties`, by its name.
    Property(&'a str),
    /// What other properties or items may be; `true` and `false` are usual here.
    Closing,
    /// One of `anyOf`, `oneOf` or `allOf`.
    Alternative,
    /// Anything else.
    Other,
}

/// One schema and the way to it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) schema: &'a Value,
    pub(super) root: &'a Value,
    pub(super) place: Place<'a>,
    /// How many objects with properties there are from the root to here.
    pub(super) levels: usize,
    parent: Option<&'a Node<'a>>,
    keyword: &'a str,
    key: Key<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Key<'a> {
    None,
    Name(&'a str),
    Index(usize),
}

/// What a walk comes to.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// How many schemas were visited.
    pub(super) schemas: usize,
    /// Nothing was visited.
    pub(super) too_deep: bool,
}

/// Visits the schema and every schema in it, the outer ones first. References are not followed.
pub(super) fn walk(schema: &Value, visit: &mut dyn FnMut(&Node<'_>)) -> Walk {
    let mut walk = Walk { too_deep: is_deeper(schema, DEEPEST), ..Walk::default() };
    if !walk.too_deep {
        let root = Node {
            schema,
            root: schema,
            place: Place::Root,
            levels: 0,
            parent: None,
            keyword: "",
            key: Key::None,
        };
        descend(root, &mut walk.schemas, visit);
    }
    walk
}

fn descend(mut node: Node<'_>, visited: &mut usize, visit: &mut dyn FnMut(&Node<'_>)) {
    if *visited > MOST_SCHEMAS {
        return;
    }
    node.levels += usize::from(node.get("properties").is_some());
    *visited += 1;
    visit(&node);
    let Some(schema) = node.keywords() else { return };
    for (keyword, value) in schema {
        match (keywords::holds(keyword), value) {
            (Holds::Named, Value::Object(named)) => {
                for (name, schema) in named {
                    let place = if keyword == "properties" { Place::Property(name) } else { Place::Other };
                    descend(node.child(schema, place, keyword, Key::Name(name)), visited, visit);
                }
            }
            (Holds::List, Value::Array(list)) => {
                let place = if keyword == "prefixItems" { Place::Other } else { Place::Alternative };
                for (index, schema) in list.iter().enumerate() {
                    descend(node.child(schema, place, keyword, Key::Index(index)), visited, visit);
                }
            }
            (Holds::One, schema) => {
                let closing = keywords::is_closing(keyword) || ends_tuple(node.schema, keyword);
                let place = if closing { Place::Closing } else { Place::Other };
                descend(node.child(schema, place, keyword, Key::None), visited, visit);
            }
            _ => {}
        }
    }
}

/// Whether these are the further items of a list that has a schema for each place.
fn ends_tuple(schema: &Value, keyword: &str) -> bool {
    keyword == "items" && schema.get("prefixItems").is_some()
}

impl<'a> Node<'a> {
    fn child<'c>(&'c self, schema: &'c Value, place: Place<'c>, keyword: &'c str, key: Key<'c>) -> Node<'c> {
        Node { schema, root: self.root, place, levels: self.levels, parent: Some(self), keyword, key }
    }

    /// The name of a property.
    pub(super) fn property(&self) -> Option<&'a str> {
        match self.place {
            Place::Property(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn keywords(&self) -> Option<&'a Map<String, Value>> {
        self.schema.as_object()
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.schema.get(keyword)
    }

    /// Whether a property of the whole, and of nothing else, leads here.
    pub(super) fn is_argument(&self) -> bool {
        matches!(self.place, Place::Property(_))
            && self.parent.is_some_and(|parent| parent.place == Place::Root)
    }

    /// Whether `properties` alone lead here.
    pub(super) fn is_plainly_reached(&self) -> bool {
        match self.place {
            Place::Root => true,
            Place::Property(_) => self.parent.is_some_and(Node::is_plainly_reached),
            _ => false,
        }
    }

    /// The way here, as a JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let Some(parent) = self.parent else { return String::new() };
        let mut pointer = parent.pointer();
        pointer.push('/');
        pointer.push_str(self.keyword);
        match self.key {
            Key::None => {}
            Key::Name(name) => {
                push_step(&mut pointer, name);
            }
            Key::Index(index) => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
        }
        pointer
    }
}

/// Whether lists and objects are nested deeper than this. Without recursion: the value may be of any depth.
pub(super) fn is_deeper(value: &Value, deepest: usize) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > deepest {
            return true;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(fields) => open.extend(fields.values().map(|field| (field, depth + 1))),
            _ => {}
        }
    }
    false
}
