//! Files and folders that only their owner reads, where the system has such (Unix).

use std::fs::DirBuilder;
#[cfg(feature = "mcp-stdio")]
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A new file; an error where there is one.
#[cfg(feature = "mcp-stdio")]
pub(crate) fn own_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A folder, with those above it, as far as they do not exist.
pub(crate) fn own_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
