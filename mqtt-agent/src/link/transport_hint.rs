//! What to try when a peer hangs up before it answers: the port may be for TLS, or not for TLS.

use std::io;

/// Where such a hint begins.
const IF: &str = "if the port is ";

/// The scheme to try, which is one for TLS or one without.
pub(super) fn hint(error: &io::Error, scheme: &str, has_tls: bool) -> Option<String> {
    use io::ErrorKind as Kind;
    let hung_up = matches!(
        error.kind(),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof
    );
    let not = if has_tls { "" } else { "not " };
    hung_up.then(|| format!("{IF}{not}for TLS, write `{scheme}://`"))
}

/// Whether an error's text ends with such a hint: it says what to do.
pub(super) fn ends(text: &str) -> bool {
    text.rsplit_once("; ").is_some_and(|(_, last)| last.starts_with(IF))
}
