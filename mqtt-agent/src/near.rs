//! [`near`]: the name that a misspelt one may mean. The command has the same rule, for it uses only public items.

/// How alike two names have to be, from 0 to 1.
const LIKE: f64 = 0.8;

/// The longest name that is compared, in bytes: longer ones are unknown, not misspelt, and comparing takes the product of
/// both lengths, which peers choose.
const LONGEST: usize = 64;

/// The known name that is most like another; of several that are equally like it the first by the alphabet.
pub(crate) fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let short = known.into_iter().filter(|known| name.len() <= LONGEST && known.len() <= LONGEST);
    let scored = short.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|one, other| one.0.total_cmp(&other.0).then_with(|| other.1.cmp(one.1)));
    best.filter(|(score, _)| *score > LIKE).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_found_and_another_is_not() {
        let known = ["weather", "desk", "numbers"];
        for (name, meant) in [
            ("wether", Some("weather")),
            ("dsk", Some("desk")),
            ("nombers", Some("numbers")),
            ("stock", None),
            ("", None),
        ] {
            assert_eq!(near(name, known), meant, "{name}");
        }
        assert_eq!(near("desk", []), None);
    }

    #[test]
    fn of_names_that_are_equally_like_it_it_is_always_the_same() {
        assert_eq!(near("desk-3", ["desk-2", "desk-1"]), Some("desk-1"));
        assert_eq!(near("desk-3", ["desk-1", "desk-2"]), Some("desk-1"));
    }

    #[test]
    fn what_is_longer_than_a_name_is_not_compared() {
        let (name, long) = ("n".repeat(LONGEST), "n".repeat(LONGEST + 1));
        assert_eq!(near(&name, [name.as_str()]), Some(name.as_str()));
        assert_eq!(near(&name, [long.as_str()]), None);
        assert_eq!(near(&long, [name.as_str()]), None);
    }
}
