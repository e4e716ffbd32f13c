//! [`Tokens`]: bearer tokens and their identities, from a file that may change.
//!
//! Only digests are stored, and looked up by digest, so the time of a look-up reveals nothing about a token.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::super::error::BridgeError;
use crate::wire::Identifier;

/// The largest file.
const LARGEST: u64 = 1 << 20;

/// The shortest token, in characters.
const SHORTEST: usize = 16;

/// How often the file is read.
const READ: Duration = Duration::from_secs(2);

const HASHED: &str = "sha256:";

type Digest = [u8; SHA256_OUTPUT_LEN];

/// Bearer tokens and their identities. Clones share them.
///
/// An identity is one topic level: it is the `client` of its calls, whose answers arrive on
/// `{namespace}/mcp/clients/{identity}/responses`. It may have several tokens, so that a token can be replaced.
#[derive(Clone)]
pub struct Tokens {
    file: Option<Arc<Path>>,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    /// What the file had.
    text: String,
    tokens: HashMap<Digest, Granted>,
}

/// Whose a token is.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) identity: Identifier,
    /// The token is not valid any more.
    pub(super) ended: CancellationToken,
}

impl Tokens {
    /// Reads tokens from a file, one per line: `IDENTITY TOKEN`. A token has at least 16 characters; instead of a
    /// token, a line may have `sha256:` and its digest in hexadecimal. Lines that begin with `#` are comments.
    ///
    /// While the bridge is served, the file is read again every 2 s. Tokens that were removed from it are no longer
    /// valid, and their streams and sessions end. If the file cannot be read or has a mistake, nothing changes, and a
    /// warning is logged.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Tokens`] if the file cannot be read or has a mistake.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, BridgeError> {
        let file: Arc<Path> = path.into().into();
        let text = read(&file).map_err(|message| BridgeError::Tokens { message })?;
        let tokens = Self { file: Some(file), book: Arc::default() };
        tokens.replace(text).map_err(|message| BridgeError::Tokens { message })?;
        Ok(tokens)
    }

    /// Reads tokens from a text in the format of such a file.
    ///
    /// # Errors
    ///
    /// [`BridgeError::Tokens`] if the text has a mistake.
    pub fn from_text(text: impl Into<String>) -> Result<Self, BridgeError> {
        let tokens = Self { file: None, book: Arc::default() };
        tokens.replace(text.into()).map_err(|message| BridgeError::Tokens { message })?;
        Ok(tokens)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose a token is.
    pub(super) fn find(&self, token: &str) -> Option<Granted> {
        let digest = digest_of(token);
        self.book().tokens.get(&digest).cloned()
    }

    /// Whether an identity has a token.
    pub(super) fn has(&self, identity: &Identifier) -> bool {
        self.book().tokens.values().any(|granted| granted.identity == *identity)
    }

    /// Replaces all of them: those stay that are as they were. `true` when one went.
    fn replace(&self, text: String) -> Result<bool, String> {
        let mut new = parse(&text)?;
        let mut book = self.book();
        let mut ended = Vec::new();
        for (digest, granted) in std::mem::take(&mut book.tokens) {
            match new.get_mut(&digest) {
                Some(new) if new.identity == granted.identity => *new = granted,
                _ => ended.push(granted),
            }
        }
        *book = Book { text, tokens: new };
        drop(book);
        ended.iter().for_each(|granted| granted.ended.cancel());
        Ok(!ended.is_empty())
    }

    /// Waits until a token has gone from the file. Cancel safe.
    pub(super) async fn gone(&self) {
        let Some(file) = &self.file else { return std::future::pending().await };
        let mut is_bad = false;
        loop {
            sleep(READ).await;
            let file = Arc::clone(file);
            let text = tokio::task::spawn_blocking(move || read(&file)).await;
            let replaced = match text.unwrap_or_else(|error| Err(error.to_string())) {
                Ok(text) if text == self.book().text => Ok(false),
                Ok(text) => self.replace(text).inspect(|_| crate::log::info!("took the changed tokens")),
                Err(error) => Err(error),
            };
            match replaced {
                Ok(true) => return,
                Ok(false) => is_bad = false,
                // Once, and not every 2 s.
                Err(error) => {
                    if !std::mem::replace(&mut is_bad, true) {
                        crate::log::warn!(%error, "failed to take the changed tokens; those of before stay valid");
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("file", &self.file).finish_non_exhaustive()
    }
}

fn digest_of(token: &str) -> Digest {
    let mut bytes = Digest::default();
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

fn read(file: &Path) -> Result<String, String> {
    let error = |error: std::io::Error| format!("`{}`: {error}", file.display());
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
    read.map_err(error)?;
    if text.len() as u64 > LARGEST {
        return Err(format!("`{}` is larger than 1 MiB; give fewer tokens", file.display()));
    }
    Ok(text)
}

/// No error has a token in it.
fn parse(text: &str) -> Result<HashMap<Digest, Granted>, String> {
    let mut tokens = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let mut words = line.split_whitespace();
        let (Some(identity), Some(token), None) = (words.next(), words.next(), words.next()) else {
            return Err(format!("line {number} is not two words; write `IDENTITY TOKEN`"));
        };
        let identity = Identifier::parse(identity)
            .map_err(|error| format!("line {number}, the identity: {error}; write another one"))?;
        let digest = match token.strip_prefix(HASHED) {
            Some(hex) => from_hex(hex).ok_or_else(|| {
                format!("line {number}: no SHA-256 after `{HASHED}`; write 64 hexadecimal digits")
            })?,
            None if token.len() < SHORTEST => {
                return Err(format!(
                    "line {number}: a token of fewer than {SHORTEST} characters; make a longer one"
                ));
            }
            None => digest_of(token),
        };
        let granted = Granted { identity, ended: CancellationToken::new() };
        if tokens.insert(digest, granted).is_some() {
            return Err(format!("line {number}: the token of an earlier line; give each line its own"));
        }
    }
    Ok(tokens)
}

fn from_hex(text: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    let digits = text.as_bytes();
    if digits.len() != 2 * digest.len() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef";

    fn identity(tokens: &Tokens, token: &str) -> Option<String> {
        tokens.find(token).map(|granted| granted.identity.as_str().to_owned())
    }

    #[test]
    fn a_token_stands_for_its_identity() {
        let hash = "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929e";
        let text = format!("# who\n\nscout {ONE}\n  probe sha256:{hash}  \n");
        let tokens = Tokens::from_text(text).unwrap();
        assert_eq!(identity(&tokens, ONE).as_deref(), Some("scout"));
        assert_eq!(identity(&tokens, "0123456789abcdeg"), None);
        // A digest is no token.
        assert_eq!(identity(&tokens, &format!("sha256:{hash}")), None);
    }

    #[test]
    fn a_digest_stands_for_its_token() {
        let hex = digest_of(ONE).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
        let tokens = Tokens::from_text(format!("scout sha256:{hex}")).unwrap();
        assert_eq!(identity(&tokens, ONE).as_deref(), Some("scout"));
    }

    #[test]
    fn a_mistake_is_told_by_its_line_and_never_with_the_token() {
        for (text, why) in [
            ("scout".to_owned(), "line 1 is not two words"),
            (format!("\nscout {ONE} x"), "line 2 is not two words"),
            (format!("a/b {ONE}"), "line 1, the identity"),
            ("scout short".to_owned(), "fewer than 16"),
            (format!("scout {ONE}\nprobe {ONE}"), "line 2: the token of an earlier line"),
            ("scout sha256:0123".to_owned(), "no SHA-256"),
        ] {
            let error = Tokens::from_text(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains(ONE) && !error.contains("short "), "{error}");
        }
    }

    #[test]
    fn what_goes_ends_and_what_stays_goes_on() {
        let tokens = Tokens::from_text(format!("scout {ONE}\nscout {ONE}2\nprobe {ONE}3")).unwrap();
        let granted = ["", "2", "3"].map(|end| tokens.find(&format!("{ONE}{end}")).unwrap());
        // The second goes, the third is another's now.
        assert_eq!(tokens.replace(format!("scout {ONE}\nscout {ONE}3")), Ok(true));
        assert_eq!(granted.map(|granted| granted.ended.is_cancelled()), [false, true, true]);
        assert_eq!(identity(&tokens, &format!("{ONE}3")).as_deref(), Some("scout"));
        assert!(!tokens.has(&Identifier::parse("probe").unwrap()));
    }

    #[test]
    fn a_mistake_changes_nothing() {
        let tokens = Tokens::from_text(format!("scout {ONE}")).unwrap();
        assert!(tokens.replace("scout".to_owned()).is_err());
        assert_eq!(identity(&tokens, ONE).as_deref(), Some("scout"));
    }
}
