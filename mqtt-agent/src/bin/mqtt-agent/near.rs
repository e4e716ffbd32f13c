//! [`near`]: the name that a misspelt one may mean.

/// How alike two names have to be, from 0 to 1.
const LIKE: f64 = 0.8;

/// The known name that is most like another.
pub(crate) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(score, _)| *score > LIKE).map(|(_, known)| known)
}
