//! A topic with placeholders, from `#[on]`, `#[request]` and `#[event]`. The macros have checked its syntax.

/// A topic template: `home/{room}/temperature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicDef {
    pub(crate) template: &'static str,
    pub(crate) filter: &'static str,
    pub(crate) placeholders: &'static [PlaceholderDef],
}

/// One `{name}` of a template, or `{name...}` at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceholderDef {
    pub(crate) name: &'static str,
    pub(crate) level: usize,
    pub(crate) rest: bool,
}

impl PlaceholderDef {
    /// A placeholder for the topic level at this index, or for all levels from this index.
    #[must_use]
    pub const fn new(name: &'static str, level: usize, rest: bool) -> Self {
        Self { name, level, rest }
    }
}

impl TopicDef {
    /// A template, the filter that matches it, and its placeholders in their order.
    #[must_use]
    pub const fn new(
        template: &'static str,
        filter: &'static str,
        placeholders: &'static [PlaceholderDef],
    ) -> Self {
        Self { template, filter, placeholders }
    }

    /// The template in the source.
    #[must_use]
    pub const fn template(&self) -> &'static str {
        self.template
    }

    /// The MQTT topic filter that matches it, without `$share/..`.
    #[must_use]
    pub const fn filter(&self) -> &'static str {
        self.filter
    }

    /// The value of a placeholder in a topic that the filter matches; `None` if the topic has no such level.
    pub(crate) fn value<'t>(&self, topic: &'t str, name: &str) -> Option<&'t str> {
        let placeholder = self.placeholders.iter().find(|placeholder| placeholder.name == name)?;
        if !placeholder.rest {
            return topic.split('/').nth(placeholder.level);
        }
        // `a/#` matches `a` as well: then nothing remains.
        Some(topic.splitn(placeholder.level + 1, '/').nth(placeholder.level).unwrap_or_default())
    }

    /// The topic with a value for each placeholder, in their order.
    pub(crate) fn fill<'v>(&self, mut value: impl FnMut(&'static str) -> Option<&'v str>) -> Option<String> {
        let mut topic = String::with_capacity(self.template.len() + 16);
        for (index, level) in self.template.split('/').enumerate() {
            if index > 0 {
                topic.push('/');
            }
            match self.placeholders.iter().find(|placeholder| placeholder.level == index) {
                Some(placeholder) => topic.push_str(value(placeholder.name)?),
                None => topic.push_str(level),
            }
        }
        Some(topic)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOME: TopicDef = TopicDef::new(
        "home/{room}/light/{path...}",
        "home/+/light/#",
        &[PlaceholderDef::new("room", 1, false), PlaceholderDef::new("path", 3, true)],
    );

    #[test]
    fn placeholders_are_levels_of_the_topic() {
        assert_eq!(HOME.value("home/kitchen/light/a/b", "room"), Some("kitchen"));
        assert_eq!(HOME.value("home/kitchen/light/a/b", "path"), Some("a/b"));
        assert_eq!(HOME.value("home//light/a", "room"), Some(""));
        assert_eq!(HOME.value("home/kitchen/light", "path"), Some(""));
        assert_eq!(HOME.value("home", "room"), None);
    }

    #[test]
    fn a_filled_template_is_read_back() {
        let topic = HOME.fill(|name| Some(if name == "room" { "hall" } else { "x/y" })).unwrap();
        assert_eq!(topic, "home/hall/light/x/y");
        assert_eq!(HOME.value(&topic, "path"), Some("x/y"));
        assert_eq!(HOME.fill(|_| None), None);
    }
}
