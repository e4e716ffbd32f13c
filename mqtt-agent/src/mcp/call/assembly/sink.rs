//! [`Sink`]: where the bytes of the chunks are written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::ChunksError;

/// By how much the memory of a result grows: by doubling it would take twice what it needs.
const STEP: usize = 4 << 20;

/// So many bytes are written to a file at once.
const BATCH: usize = 1 << 20;

/// Where the bytes go.
#[derive(Debug)]
pub(in crate::mcp::call) enum Sink {
    Memory(Vec<u8>),
    File(Partial),
}

/// What was kept.
#[derive(Debug)]
pub(in crate::mcp::call) enum Whole {
    /// In memory.
    Bytes(Vec<u8>),
    /// In the file.
    File,
}

/// A result that was written into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// Its size in bytes.
    pub bytes: u64,
    /// The media type of the bytes: `application/json` for the result's JSON.
    pub media_type: String,
}

impl Sink {
    pub(in crate::mcp::call) fn memory() -> Self {
        Self::Memory(Vec::new())
    }

    /// A file that is there when it is whole. Begins it, beside where it will be.
    pub(in crate::mcp::call) async fn file(path: PathBuf) -> Result<Self, ChunksError> {
        let made = spawn_blocking(move || Partial::begin(path));
        let begun = made.await.map_err(io::Error::other).and_then(|begun| begun);
        begun.map(Self::File).map_err(ChunksError::File)
    }

    pub(in crate::mcp::call) async fn write(&mut self, data: &[u8]) -> Result<(), ChunksError> {
        match self {
            Self::Memory(bytes) => {
                if bytes.capacity() - bytes.len() < data.len() {
                    let more = data.len().max(STEP);
                    bytes
                        .try_reserve_exact(more)
                        .map_err(|_| ChunksError::Memory { bytes: bytes.len() + more })?;
                }
                bytes.extend_from_slice(data);
                Ok(())
            }
            Self::File(partial) => partial.write(data).await.map_err(ChunksError::File),
        }
    }

    pub(in crate::mcp::call) async fn finish(self) -> Result<Whole, ChunksError> {
        match self {
            Self::Memory(bytes) => Ok(Whole::Bytes(bytes)),
            Self::File(partial) => partial.finish().await.map(|()| Whole::File).map_err(ChunksError::File),
        }
    }
}

/// A file in the making, beside the one that it becomes.
#[derive(Debug)]
pub(in crate::mcp::call) struct Partial {
    path: PathBuf,
    /// Away while something is written to it, and gone where that failed.
    made: Option<Made>,
    buffer: Vec<u8>,
}

/// A file beside its later place. Its owner removes it, wherever that ends.
#[derive(Debug)]
struct Made {
    file: File,
    path: PathBuf,
    is_kept: bool,
}

impl Made {
    fn beside(path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{:016x}.part", fastrand::u64(..)));
        let path = PathBuf::from(beside);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { file, path, is_kept: false })
    }

    fn keep(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, path)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_file(&self.path)
        {
            crate::log::debug!(%error, "failed to remove a file that was not finished");
        }
    }
}

impl Partial {
    fn begin(path: PathBuf) -> io::Result<Self> {
        let made = Some(Made::beside(&path)?);
        Ok(Self { path, made, buffer: Vec::new() })
    }

    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(data);
        if self.buffer.len() >= BATCH { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut made = self.made.take().ok_or_else(|| io::Error::other("an earlier write failed"))?;
        let written = spawn_blocking(move || {
            made.file.write_all(&buffer)?;
            buffer.clear();
            Ok::<_, io::Error>((made, buffer))
        });
        let (made, buffer) = written.await.map_err(io::Error::other)??;
        (self.made, self.buffer) = (Some(made), buffer);
        Ok(())
    }

    async fn finish(mut self) -> io::Result<()> {
        self.flush().await?;
        let Self { path, made, .. } = self;
        let Some(made) = made else { return Ok(()) };
        spawn_blocking(move || made.keep(&path)).await.map_err(io::Error::other)?
    }
}
