//! [`Book`]: which chunks came, and whether all came. Pure bookkeeping.

use super::ChunksError;
use crate::wire::{Chunks, Sha256};

/// The chunks of one result.
#[derive(Debug)]
pub(super) struct Book {
    count: u64,
    bytes: u64,
    limit: u64,
    digest: Sha256,
    expected: Option<Chunks>,
}

/// What to do with a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Keep,
    /// The broker delivered it again.
    Again,
}

impl Book {
    pub(super) fn new(limit: u64) -> Option<Self> {
        Some(Self { count: 0, bytes: 0, limit, digest: Sha256::new()?, expected: None })
    }

    /// A chunk came.
    pub(super) fn take(&mut self, seq: u64, data: &[u8]) -> Result<Next, ChunksError> {
        if seq < self.count {
            return Ok(Next::Again);
        }
        if seq > self.count {
            return Err(ChunksError::Missing { seq: self.count });
        }
        if data.is_empty() {
            // They could come for ever and never be too much.
            return Err(ChunksError::Malformed {
                message: format!("chunk {seq} is empty; report it to the server's operator"),
            });
        }
        let bytes = self.bytes.saturating_add(data.len() as u64);
        if bytes > self.limit {
            return Err(ChunksError::TooLarge { limit: self.limit });
        }
        self.digest.update(data);
        (self.count, self.bytes) = (self.count + 1, bytes);
        Ok(Next::Keep)
    }

    /// What the response says.
    pub(super) fn expect(&mut self, chunks: Chunks) -> Result<(), ChunksError> {
        if chunks.bytes > self.limit {
            return Err(ChunksError::TooLarge { limit: self.limit });
        }
        self.expected = Some(chunks);
        Ok(())
    }

    /// Whether all chunks are there; an error where they are not what the response says.
    pub(super) fn is_whole(&self) -> Result<bool, ChunksError> {
        let Some(Chunks { count, bytes, sha256, .. }) = &self.expected else { return Ok(false) };
        if self.count < *count && self.bytes < *bytes {
            return Ok(false);
        }
        if (self.count, self.bytes) != (*count, *bytes) {
            return Err(ChunksError::Different {
                chunks: self.count,
                bytes: self.bytes,
                said_chunks: *count,
                said_bytes: *bytes,
            });
        }
        match self.digest.hex().eq_ignore_ascii_case(sha256) {
            true => Ok(true),
            false => Err(ChunksError::Digest),
        }
    }

    /// The chunk that did not come.
    pub(super) fn missing(&self) -> ChunksError {
        ChunksError::Missing { seq: self.count }
    }
}

#[cfg(all(test, feature = "chunks"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn said(count: u64, bytes: u64) -> Chunks {
        let mut digest = Sha256::new().unwrap();
        digest.update(b"abcde");
        Chunks {
            count,
            bytes,
            sha256: digest.hex().to_uppercase(),
            media_type: "text/plain".to_owned(),
            block: false,
        }
    }

    /// `ab`, `cd` and `e`.
    fn filled() -> Book {
        let mut book = Book::new(5).unwrap();
        for (seq, data) in [(0, "ab"), (1, "cd"), (2, "e")] {
            assert_eq!(book.take(seq, data.as_bytes()).unwrap(), Next::Keep);
        }
        book
    }

    #[test]
    fn mcp_22_chunks_are_whole_when_count_length_and_digest_agree() {
        let mut book = filled();
        assert!(!book.is_whole().unwrap(), "nobody said how many there are");
        book.expect(said(3, 5)).unwrap();
        assert!(book.is_whole().unwrap());
        assert_eq!(book.take(1, b"cd").unwrap(), Next::Again);
        assert!(book.is_whole().unwrap());
    }

    #[test]
    fn mcp_22_what_differs_from_the_response_is_an_error() {
        for (count, bytes) in [(2, 5), (4, 5), (3, 4), (2, 4), (0, 0)] {
            let mut book = filled();
            book.expect(said(count, bytes)).unwrap();
            assert!(matches!(book.is_whole(), Err(ChunksError::Different { .. })), "{count} {bytes}");
        }
        let mut book = Book::new(5).unwrap();
        book.take(0, b"abcdf").unwrap();
        book.expect(said(1, 5)).unwrap();
        assert!(matches!(book.is_whole(), Err(ChunksError::Digest)));
    }

    #[test]
    fn mcp_22_a_gap_an_empty_chunk_and_too_much_are_errors_at_once() {
        assert!(matches!(filled().take(4, b"f"), Err(ChunksError::Missing { seq: 3 })));
        assert!(matches!(filled().take(3, b""), Err(ChunksError::Malformed { .. })));
        assert!(matches!(filled().take(3, b"f"), Err(ChunksError::TooLarge { limit: 5 })));
        assert!(matches!(Book::new(5).unwrap().expect(said(3, 6)), Err(ChunksError::TooLarge { .. })));
    }
}
