//! [`near`]: the name that a misspelt one may mean.

/// How alike two names have to be, from 0 to 1.
const LIKE: f64 = 0.8;

/// The longest name that is compared, in bytes: comparing takes the product of both lengths, and peers choose theirs.
const LONGEST: usize = 64;

/// The known name that is most like another.
pub(crate) fn near<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let short = known.filter(|known| name.len() <= LONGEST && known.len() <= LONGEST);
    let scored = short.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(score, _)| *score > LIKE).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_a_name_is_not_compared() {
        let (name, long) = ("n".repeat(LONGEST), "n".repeat(LONGEST + 1));
        assert_eq!(near(&name, [name.as_str()].into_iter()), Some(name.as_str()));
        assert_eq!(near(&name, [long.as_str()].into_iter()), None);
        assert_eq!(near(&long, [name.as_str()].into_iter()), None);
    }
}
