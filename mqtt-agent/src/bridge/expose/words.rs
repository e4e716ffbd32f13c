//! The words of a text for searching: in lower case, without stop words, and reduced to their stems.

use rust_stemmers::{Algorithm, Stemmer};

/// Words that are in every text, and those that models put around what they look for.
const COMMON: &[&str] = &[
    "a", "an", "and", "any", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has",
    "have", "how", "i", "if", "in", "is", "it", "its", "me", "my", "of", "on", "or", "our", "s", "that",
    "the", "their", "this", "to", "tool", "tools", "use", "used", "using", "want", "was", "we", "what",
    "when", "which", "who", "will", "with", "you", "your",
];

/// The words of a text. `getForecast_v2` has three of them.
pub(super) fn words(text: &str) -> Vec<String> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut words = Vec::new();
    let mut word = String::new();
    let mut end = |word: &mut String| {
        if !word.is_empty() && !COMMON.contains(&word.as_str()) {
            words.push(stemmer.stem(word).into_owned());
        }
        word.clear();
    };
    let mut is_lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            end(&mut word);
            is_lower = false;
            continue;
        }
        if c.is_uppercase() && is_lower {
            end(&mut word);
        }
        is_lower = c.is_lowercase() || c.is_numeric();
        word.extend(c.to_lowercase());
    }
    end(&mut word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_have_the_same_words() {
        assert_eq!(words("getForecasts_v2"), words("get the forecast V2"));
        assert_eq!(words("list-HTTP-routes"), ["list", "http", "rout"]);
        assert_eq!(words("Größe messen"), ["größe", "messen"]);
        assert_eq!(words("the of"), Vec::<String>::new());
    }
}
