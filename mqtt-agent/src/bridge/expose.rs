//! What hosts see: all tools, or three tools that find, describe and call the others.

// `words`: what texts are searched by; `index`: the search; `meta`: the three tools

mod index;
mod meta;
mod words;

pub(super) use index::Index;
pub(super) use meta::{MetaTool, describe, invocation, search};

/// How hosts see the tools.
///
/// Each tool in a model's list costs tokens with every request, and a model chooses worse among many tools. Instead of
/// the whole list, a host can get three tools: `search_tools` finds tools by what they do, `describe_tools` returns
/// their full schemas, and `call_tool` calls one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expose {
    /// Each tool is in the list.
    #[default]
    Direct,
    /// Only the three tools are in the list.
    Search,
    /// The three tools are in the list if a host would see more than 30 tools, or more than about 10,000 tokens of
    /// tools (a token is taken as four bytes); else all tools. A host is notified when that changes.
    Auto,
}

/// The most tools, and the most tokens of them, that hosts are shown each by itself.
const MOST_TOOLS: usize = 30;
const MOST_TOKENS: usize = 10_000;

/// How many bytes a token is taken for.
const BYTES: usize = 4;

impl Expose {
    /// Whether hosts are shown the three tools instead of tools of these sizes in bytes.
    pub(super) fn is_search(self, sizes: impl Iterator<Item = usize>) -> bool {
        match self {
            Self::Direct => false,
            Self::Search => true,
            Self::Auto => {
                let (count, bytes) = sizes
                    .fold((0_usize, 0_usize), |(count, bytes), size| (count + 1, bytes.saturating_add(size)));
                count > MOST_TOOLS || bytes / BYTES > MOST_TOKENS
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tools_or_large_ones_are_searched() {
        let is_search = |expose: Expose, count, size| expose.is_search(std::iter::repeat_n(size, count));
        assert!(!is_search(Expose::Auto, 30, 1000) && is_search(Expose::Auto, 31, 1000));
        assert!(!is_search(Expose::Auto, 4, 10_000) && is_search(Expose::Auto, 4, 10_001));
        assert!(!is_search(Expose::Auto, 0, 0) && is_search(Expose::Search, 0, 0));
        assert!(!is_search(Expose::Direct, 1000, 100_000));
    }
}
