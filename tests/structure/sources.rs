//! The files of a crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A file as its module path, without `crate`.
pub(crate) type File = Vec<String>;

/// The parsed files, tests left out.
pub(crate) struct Sources(pub(crate) BTreeMap<File, syn::File>);

impl Sources {
    /// Reads all files of a folder.
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name = path.strip_prefix(root).unwrap().with_extension("");
                    let text = fs::read_to_string(&path).unwrap();
                    files.insert(name.to_str().unwrap().replace('\\', "/"), text);
                }
            }
        }
        assert!(files.len() > 10, "{} files in {}", files.len(), root.display());
        Self::parsed(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
    }

    /// Files that a test makes up.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::parsed(files.iter().copied())
    }

    fn parsed<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> Self {
        let is_test = |name: &str| name.split('/').any(|part| part == "tests" || part.ends_with("_tests"));
        let parsed = files.filter(|(name, _)| !is_test(name)).map(|(name, text)| {
            let file: File = match name {
                "lib" => Vec::new(),
                name => name.split('/').map(str::to_owned).collect(),
            };
            (file, syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}")))
        });
        Self(parsed.collect())
    }

    pub(crate) fn has(&self, file: &[String]) -> bool {
        self.0.contains_key(file)
    }
}

/// How a file is called in a sentence.
pub(crate) fn name(file: &[String]) -> String {
    if file.is_empty() { "lib".to_owned() } else { file.join("/") }
}
