//! SHA-256, to check that a result in chunks is complete (`MCP-22`).

/// A digest in the making. There is none without the feature `chunks`.
#[cfg(feature = "chunks")]
#[derive(Clone)]
pub(crate) struct Sha256(ring::digest::Context);

#[cfg(feature = "chunks")]
impl Sha256 {
    pub(crate) fn new() -> Option<Self> {
        Some(Self(ring::digest::Context::new(&ring::digest::SHA256)))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// In hexadecimal digits, as the wire has it.
    pub(crate) fn hex(&self) -> String {
        self.0.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// There is none without the feature `chunks`: then no result goes in chunks, and none is asked for.
#[cfg(not(feature = "chunks"))]
#[derive(Clone)]
pub(crate) enum Sha256 {}

#[cfg(not(feature = "chunks"))]
impl Sha256 {
    pub(crate) fn new() -> Option<Self> {
        None
    }

    pub(crate) fn update(&mut self, _: &[u8]) {
        match *self {}
    }

    pub(crate) fn hex(&self) -> String {
        match *self {}
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256(..)")
    }
}
