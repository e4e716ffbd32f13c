//! [`Cache`]: the cards of an earlier process in a file, so that a host that starts sees tools before the broker has
//! answered, and while it can't.
//!
//! Only the owner can read the file. Its content came from peers and is not trusted: an unreadable card is skipped, and
//! a file that is not a cache is ignored. The file is always replaced as a whole, so a process that dies leaves the old
//! file. If several processes write it, the last one wins.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::catalogue::Known;
use super::skill;
use crate::files::{own_file, own_folder};
use crate::wire::ToolCard;

/// The largest file that is read or written.
const LARGEST: u64 = 64 << 20;

const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Out<'k> {
    format: u32,
    tools: Vec<OutTool<'k>>,
}

#[derive(Serialize)]
struct OutTool<'k> {
    name: &'k str,
    online: u64,
    card: &'k ToolCard,
}

#[derive(Deserialize)]
struct In {
    format: u32,
    tools: Vec<Value>,
}

#[derive(Deserialize)]
struct InTool {
    name: String,
    online: u64,
    card: Box<RawValue>,
}

/// A file of cards.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    path: PathBuf,
}

impl Cache {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is in it: nothing where there is none.
    pub(super) fn read(&self) -> io::Result<Option<Vec<(Known, String)>>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LARGEST {
            return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
        }
        let In { format, tools } = serde_json::from_slice(&text)?;
        if format != FORMAT {
            return Err(io::Error::other("it is of another version"));
        }
        Ok(Some(tools.into_iter().filter_map(tool).collect()))
    }

    /// What is written: made at once, written wherever that may block.
    pub(super) fn text<'k>(known: impl Iterator<Item = (&'k Known, &'k str)>) -> Vec<u8> {
        // Skills are found anew: they come with their agents.
        let tools = known.filter(|(known, _)| skill::of(&known.card.tool).is_none());
        let tools = tools.map(|(known, name)| {
            let online = known.online.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            OutTool { name, online, card: &known.card }
        });
        // Strings, numbers and JSON that is one already.
        serde_json::to_vec(&Out { format: FORMAT, tools: tools.collect() }).unwrap_or_default()
    }

    /// Replaces the file.
    pub(super) fn write(&self, text: &[u8]) -> io::Result<()> {
        if text.len() as u64 > LARGEST {
            return Err(io::Error::other(format!("the cards take more than {LARGEST} bytes")));
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        own_folder(folder)?;
        let new = folder.join(format!(".{}.tmp", uuid::Uuid::new_v4().simple()));
        let written = own_file(&new).and_then(|mut file| file.write_all(text));
        let replaced = written.and_then(|()| fs::rename(&new, &self.path));
        if replaced.is_err() {
            // It may not even be there.
            drop(fs::remove_file(&new));
        }
        replaced
    }
}

fn tool(json: Value) -> Option<(Known, String)> {
    // Through its text, for a card is read as what a peer sent.
    let InTool { name, online, card } = serde_json::from_str(&json.to_string()).ok()?;
    #[derive(Deserialize)]
    struct Named {
        tool: String,
    }
    let Named { tool } = serde_json::from_str(card.get()).ok()?;
    crate::wire::Identifier::parse(&tool).ok()?;
    let card = ToolCard::read(&tool, card.get().as_bytes()).ok()??;
    let online = UNIX_EPOCH.checked_add(Duration::from_secs(online)).unwrap_or_else(SystemTime::now);
    Some((Known { card, online }, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let card = ToolCard::read("weather", br#"{"description": "Says.", "server": "north"}"#);
        Known { card: card.unwrap().unwrap(), online: UNIX_EPOCH + Duration::from_secs(7) }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("deep/er/tools.json"));
        assert_eq!(cache.read().unwrap(), None);
        let known = known();
        cache.write(&Cache::text(std::iter::once((&known, "weather")))).unwrap();
        cache.write(&Cache::text(std::iter::once((&known, "weather")))).unwrap();
        assert_eq!(cache.read().unwrap(), Some(vec![(known, "weather".to_owned())]));
        let files = fs::read_dir(cache.path.parent().unwrap()).unwrap();
        assert_eq!(files.count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("deep/tools.json"));
        cache.write(&Cache::text(std::iter::empty())).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&cache.path), 0o600);
        assert_eq!(mode(&folder.path().join("deep")), 0o700);
    }

    #[test]
    fn a_file_that_is_no_cache_is_an_error_and_a_bad_card_in_it_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("tools.json"));
        for text in ["", "7", "{}", r#"{"format": 2, "tools": []}"#] {
            fs::write(&cache.path, text).unwrap();
            assert!(cache.read().is_err(), "{text}");
        }
        let tools = r##"{"format": 1, "tools": [7, {"name": "x", "online": 1, "card": {"tool": "a/#"}},
            {"name": "weather", "online": 18446744073709551615, "card": {"tool": "weather"}}]}"##;
        fs::write(&cache.path, tools).unwrap();
        assert_eq!(cache.read().unwrap().unwrap().len(), 1);
    }
}
