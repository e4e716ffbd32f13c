//! Building text at compile time, for computed messages.

use super::Location;

pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, a_rest @ ..], [y, b_rest @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.is_empty() && b.is_empty()
}

/// A text buffer for constant evaluation; text beyond its capacity is cut.
pub(super) struct Text {
    bytes: [u8; 1024],
    length: usize,
}

impl Text {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 1024], length: 0 }
    }

    #[allow(clippy::indexing_slicing)]
    const fn add_byte(mut self, byte: u8) -> Self {
        if self.length < self.bytes.len() {
            self.bytes[self.length] = byte;
            self.length += 1;
        }
        self
    }

    pub(super) const fn add(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            self = self.add_byte(*first);
            rest = tail;
        }
        self
    }

    pub(super) const fn add_location(self, location: Location) -> Self {
        self.add(location.file).add(":").add_number(location.line)
    }

    // The remainder by ten is one digit.
    #[allow(clippy::cast_possible_truncation)]
    const fn add_number(self, number: u32) -> Self {
        let this = if number < 10 { self } else { self.add_number(number / 10) };
        this.add_byte(b'0' + (number % 10) as u8)
    }

    pub(super) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            // Cut within a character.
            Err(_) => "the message is too long; shorten the names in it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_the_compiler() {
        let text = Text::new().add("a").add_location(Location::new("b.rs", 1207)).add("c").add_number(0);
        assert_eq!(text.as_str(), "ab.rs:1207c0");
        assert!(
            same("", "") && same("ab", "ab") && !same("ab", "a") && !same("a", "ab") && !same("ab", "ac")
        );
    }
}
