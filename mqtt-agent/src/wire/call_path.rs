//! The path of a nested call: the servers whose handlers wait for it (an extension of this library, in a User Property
//! that other peers ignore).

/// The name of the User Property.
const NAME: &str = "call_path";

/// The maximum length of a path; longer ones keep their last servers.
const LONGEST: usize = 16;

/// The servers in whose handlers a call is made, the outermost first, as a random number for each. A server that finds
/// itself in the path knows that one of its own handlers is waiting for the call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallPath(Vec<u64>);

impl CallPath {
    /// That of a call outside of handlers.
    pub(crate) const NONE: Self = Self(Vec::new());

    /// Reads it from User Properties. A malformed one counts as absent.
    #[must_use]
    pub fn from_user_properties(properties: &[(String, String)]) -> Self {
        let Some((_, text)) = properties.iter().find(|(key, _)| key == NAME) else { return Self::default() };
        let servers = text.rsplit(',').take(LONGEST).map_while(|server| u64::from_str_radix(server, 16).ok());
        let mut servers: Vec<_> = servers.collect();
        servers.reverse();
        Self(servers)
    }

    /// Appends a server.
    #[must_use]
    pub fn with(&self, server: u64) -> Self {
        if self.contains(server) {
            return self.clone();
        }
        let skipped = (self.0.len() + 1).saturating_sub(LONGEST);
        Self(self.0.iter().skip(skipped).copied().chain([server]).collect())
    }

    /// Whether a call passed a server.
    #[must_use]
    pub fn contains(&self, server: u64) -> bool {
        self.0.contains(&server)
    }

    /// As a User Property; `None` for a call outside of a handler.
    #[must_use]
    pub fn to_user_property(&self) -> Option<(String, String)> {
        let servers: Vec<_> = self.0.iter().map(|server| format!("{server:016x}")).collect();
        (!servers.is_empty()).then(|| (NAME.to_owned(), servers.join(",")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_it_was_on_the_other_side() {
        let path = (0..20).fold(CallPath::default(), |path, server| path.with(server << 40));
        let read = CallPath::from_user_properties(&path.to_user_property().into_iter().collect::<Vec<_>>());
        assert_eq!(read, path);
        assert!(read.contains(19 << 40) && !read.contains(3 << 40), "the last sixteen: {read:?}");
        assert_eq!(path.with(19 << 40), path);
        assert_eq!(CallPath::default().to_user_property(), None);
    }

    #[test]
    fn what_cannot_be_read_is_no_path() {
        for text in ["", "x", "-1", "00000000000000001", "1,,x"] {
            let path = CallPath::from_user_properties(&[(NAME.to_owned(), text.to_owned())]);
            assert!(path.0.len() <= 1, "{text}: {path:?}");
        }
    }
}
