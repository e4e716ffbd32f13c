//! WebSocket frames: the header in both directions, and the mask for a client's frames.

use bytes::{BufMut, BytesMut};

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    const fn code(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }
}

/// The beginning of a frame from a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Whether its message ends with it.
    pub(super) last: bool,
    /// How long the header is.
    pub(super) length: usize,
    /// How long what follows is.
    pub(super) payload: u64,
}

/// The most that a control frame may carry.
const CONTROL: u64 = 125;

/// Reads a header, as far as it has come.
pub(super) fn header(bytes: &[u8]) -> Result<Option<Header>, &'static str> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("a WebSocket frame uses an extension that nobody asked for");
    }
    if second & 0x80 != 0 {
        return Err("a WebSocket frame is masked, which those of a server must not be");
    }
    let kind = match first & 0x0f {
        0x0 => Kind::Continuation,
        0x1 => Kind::Text,
        0x2 => Kind::Binary,
        0x8 => Kind::Close,
        0x9 => Kind::Ping,
        0xa => Kind::Pong,
        _ => return Err("a WebSocket frame has an unknown kind"),
    };
    let (more, payload) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(length) => (2, u64::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(length) => (8, u64::from_be_bytes(*length)),
            None => return Ok(None),
        },
        length => (0, u64::from(length)),
    };
    let last = first & 0x80 != 0;
    if kind.is_control() && (!last || payload > CONTROL) {
        return Err("a WebSocket control frame is too long or in parts");
    }
    Ok(Some(Header { kind, last, length: 2 + more, payload }))
}

/// Appends a whole frame, masked.
pub(super) fn put(out: &mut BytesMut, kind: Kind, payload: &[u8], mask: [u8; 4]) {
    out.reserve(payload.len() + 14);
    out.put_u8(0x80 | kind.code());
    match payload.len() {
        length @ 0..126 => out.put_u8(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.put_u8(0x80 | 126);
            out.put_u16(length as u16);
        }
        length => {
            out.put_u8(0x80 | 127);
            out.put_u64(length as u64);
        }
    }
    out.put_slice(&mask);
    let start = out.len();
    out.put_slice(payload);
    let masked = out.iter_mut().skip(start);
    masked.zip(mask.into_iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn what_is_put_is_what_was_given_below_its_mask() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let payload: Vec<u8> = (0..length).map(|index| index as u8).collect();
            let mut out = BytesMut::new();
            put(&mut out, Kind::Binary, &payload, [1, 2, 3, 4]);
            assert_eq!(out[1] & 0x80, 0x80, "masked");
            out[1] &= 0x7f;
            let header = header(&out).unwrap().unwrap();
            assert_eq!((header.kind, header.last, header.payload), (Kind::Binary, true, length));
            let masked = &out[header.length + 4..];
            let unmasked: Vec<u8> =
                masked.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            assert_eq!(unmasked, payload);
        }
    }

    #[test]
    fn a_header_is_read_when_it_is_whole() {
        let bytes = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        for length in 0..bytes.len() {
            assert_eq!(header(&bytes[..length]).unwrap(), None);
        }
        assert_eq!(header(&bytes).unwrap().unwrap().payload, 65_536);
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        for bytes in [[0xc2, 0], [0x82, 0x80], [0x83, 0], [0x89, 126], [0x09, 0]] {
            let whole = [&bytes[..], &[1, 0, 0, 0, 0, 0, 0, 0]].concat();
            assert!(header(&whole).is_err(), "{bytes:?}");
        }
    }
}
