//! The user's folders for the files of programs.

use std::env::var_os;
use std::path::PathBuf;

/// The folder of this program for a kind of files: below the folder that the variable `xdg` names, or on Windows
/// `windows`, or below `at_home` in the home folder.
pub(crate) fn user_folder(xdg: &str, windows: &str, at_home: &str) -> Option<PathBuf> {
    let folder = |name: &str| var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let local = if cfg!(windows) { folder(windows) } else { None };
    let home = || folder("HOME").map(|home| home.join(at_home));
    Some(folder(xdg).or(local).or_else(home)?.join("mqtt-agent"))
}
