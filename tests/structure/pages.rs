//! The README and the guide's pages, as a code host shows them.

use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The guide's pages with their file names, without the index.
fn pages() -> Vec<(String, String)> {
    let folder = fs::read_dir(workspace().join("mqtt-agent/docs")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let pages = files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), read(&path)));
    pages.filter(|(name, _)| name != "README.md").collect()
}

/// The code blocks of a page: the language and what else stands behind the fence, and the lines.
fn blocks(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().map(str::trim_start);
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            blocks.push((info, lines.by_ref().take_while(|line| !line.starts_with("```")).collect()));
        }
    }
    blocks
}

#[test]
fn every_page_begins_with_a_title() {
    for (name, page) in pages() {
        let title = page.lines().next().unwrap_or_default();
        assert!(title.starts_with("# "), "{name} begins with `{title}`; begin with `# A title`");
        assert_eq!(page.lines().nth(1), Some(""), "{name} has an empty line under its title");
    }
}

#[test]
fn every_code_block_has_a_language() {
    let readme = ("the README".to_owned(), read(&workspace().join("README.md")));
    for (name, page) in pages().into_iter().chain([readme]) {
        for (info, lines) in blocks(&page) {
            let language = info.split(',').next().unwrap_or_default();
            let known = ["rust", "toml", "sh", "console", "json", "text", "mermaid"].contains(&language);
            assert!(
                known,
                "{name}: the block that begins with {:?} has the language `{language}`",
                lines.first()
            );
        }
    }
}

#[test]
fn the_readmes_programs_can_be_pasted() {
    let readme = read(&workspace().join("README.md"));
    let programs: Vec<_> = blocks(&readme).into_iter().filter(|(info, _)| info.starts_with("rust")).collect();
    assert!(programs.len() >= 2, "{}", programs.len());
    for (_, lines) in programs {
        assert!(lines.iter().any(|line| line.contains("fn main()")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("# ")), "{lines:?} has lines that rustdoc hides");
    }
}

#[test]
fn the_index_lists_every_page_once() {
    let index = read(&workspace().join("mqtt-agent/docs/README.md"));
    let mut listed: Vec<_> =
        index.lines().filter_map(|line| line.strip_prefix("| [")?.split_once(']')).collect();
    for (name, rest) in &listed {
        assert!(rest.starts_with(&format!("({name})")), "{name}: {rest}");
    }
    listed.sort_unstable();
    let mut pages: Vec<_> = pages().into_iter().map(|(name, _)| name).collect();
    pages.sort_unstable();
    assert_eq!(listed.iter().map(|(name, _)| *name).collect::<Vec<_>>(), pages);
}
