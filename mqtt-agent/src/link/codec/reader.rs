//! Reads the fields of a complete packet; each read is checked against the packet's end.

use super::{MOST_REMAINING, Malformed};

const BEYOND: Malformed = Malformed::packet("a field reaches beyond the end of its packet");

/// A variable byte integer and how many bytes it took; `None` while its bytes have not all arrived.
#[inline]
pub(super) fn varint(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut value = 0;
    for (position, &byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            if byte == 0 && position > 0 {
                return Err(Malformed::packet("a length is written with more bytes than it needs"));
            }
            return Ok(Some((value, position + 1)));
        }
    }
    debug_assert!(value <= MOST_REMAINING);
    if bytes.len() >= 4 { Err(Malformed::packet("a length takes more than four bytes")) } else { Ok(None) }
}

/// Whether there is such a byte. It goes through all of them, for a loop that may end early is not vectorized.
#[inline]
pub(super) fn has(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |found, &byte| found | is(byte))
}

/// The part of a packet that has not been read yet.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(super) fn rest(self) -> &'a [u8] {
        self.0
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (&array, rest) = self.0.split_first_chunk().ok_or(BEYOND)?;
        self.0 = rest;
        Ok(array)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(u8::from_be_bytes)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// A value that has to be 0 or 1.
    #[inline]
    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::protocol("a property that has to be 0 or 1 is neither")),
        }
    }

    #[inline]
    pub(super) fn varint(&mut self) -> Result<usize, Malformed> {
        let (value, taken) = varint(self.0)?.ok_or(BEYOND)?;
        self.take(taken)?;
        Ok(value)
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BEYOND)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Binary data with its two length bytes.
    #[inline]
    pub(super) fn data(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A string with its two length bytes.
    #[inline]
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        let data = self.data()?;
        let text = std::str::from_utf8(data).map_err(|_| Malformed::packet("a string is not UTF-8"))?;
        if has(data, |byte| byte == 0) {
            return Err(Malformed::packet("a string contains a NUL character"));
        }
        Ok(text)
    }

    /// A packet identifier.
    #[inline]
    pub(super) fn packet(&mut self) -> Result<u16, Malformed> {
        match self.u16()? {
            0 => Err(Malformed::protocol("a packet identifier is 0")),
            packet => Ok(packet),
        }
    }

    /// The packet's properties with their length in front.
    #[inline]
    pub(super) fn properties(&mut self) -> Result<Reader<'a>, Malformed> {
        let length = self.varint()?;
        self.take(length).map(Reader)
    }

    /// Refuses what follows the last field.
    #[inline]
    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Malformed::packet("bytes follow the last field of a packet"))
        }
    }
}
