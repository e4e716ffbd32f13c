//! Which file imports which: `use` lines and inline paths that begin with `crate`, `self`, `super` or the name of a module
//! below. A name that another file gives out by `pub use` counts for the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

use crate::sources::{File, Sources};

/// The files that each file imports. Not counted: a folder's root file and what is below it, in either direction.
pub(crate) type Imports = BTreeMap<File, BTreeSet<File>>;

/// A path in a file.
struct Found {
    path: Vec<String>,
    /// The name that a `pub use` gives out.
    gives: Option<String>,
}

pub(crate) fn of(sources: &Sources) -> Imports {
    let found: BTreeMap<_, _> = sources.0.iter().map(|(file, ast)| (file, paths(file, ast))).collect();
    let mut given = BTreeMap::new();
    for (file, paths) in &found {
        for Found { path, gives } in paths {
            if let (Some(name), Some(target)) = (gives, longest(sources, path)) {
                given.insert(((*file).clone(), name.clone()), target);
            }
        }
    }
    let imports = |file: &File, paths: &[Found]| {
        let targets = paths.iter().filter_map(|found| {
            let (mut target, mut rest) = longest(sources, &found.path)?;
            for _ in 0..10 {
                let Some(name) = rest.first() else { break };
                let Some((further, names)) = given.get(&(target.clone(), name.clone())) else { break };
                if *further == target {
                    break;
                }
                let after: Vec<_> = names.iter().take(1).chain(rest.iter().skip(1)).cloned().collect();
                (target, rest) = longest(sources, &[further.clone(), after].concat())?;
            }
            Some(target)
        });
        targets.filter(|target| !target.starts_with(file) && !file.starts_with(target)).collect()
    };
    found.iter().map(|(file, paths)| ((*file).clone(), imports(file, paths))).collect()
}

/// The file that an absolute path leads to, and what of the path is in it.
fn longest(sources: &Sources, path: &[String]) -> Option<(File, Vec<String>)> {
    let file = (0..=path.len()).rev().map(|length| &path[..length]).find(|file| sources.has(file))?;
    Some((file.to_vec(), path[file.len()..].to_vec()))
}

/// All paths of a file that lead into its crate, made absolute.
fn paths(file: &File, ast: &syn::File) -> Vec<Found> {
    let mut visitor = Visitor { scope: file.clone(), modules: modules(ast), found: Vec::new() };
    visitor.visit_file(ast);
    visitor.found
}

/// The modules that a file declares.
fn modules(ast: &syn::File) -> BTreeSet<String> {
    let module = |item: &syn::Item| match item {
        syn::Item::Mod(item) => Some(item.ident.to_string()),
        _ => None,
    };
    ast.items.iter().filter_map(module).collect()
}

struct Visitor {
    /// The module that is looked at: the file's, or one inside of it.
    scope: File,
    modules: BTreeSet<String>,
    found: Vec<Found>,
}

impl Visitor {
    fn add(&mut self, path: &[String], gives: Option<String>) {
        let Some((first, mut rest)) = path.split_first() else { return };
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.scope.clone(),
            module if self.modules.contains(module) => {
                rest = path;
                self.scope.clone()
            }
            _ => return,
        };
        if first == "super" {
            base.pop();
            while let Some((next, after)) = rest.split_first()
                && next == "super"
            {
                base.pop();
                rest = after;
            }
        }
        self.found.push(Found { path: [base, rest.to_vec()].concat(), gives });
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree, is_public: bool) {
        let with = |ident: &syn::Ident| [before, &[ident.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.tree(&with(&path.ident), &path.tree, is_public),
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(before, tree, is_public));
            }
            syn::UseTree::Name(name) => {
                self.add(&with(&name.ident), is_public.then(|| name.ident.to_string()))
            }
            syn::UseTree::Rename(name) => {
                self.add(&with(&name.ident), is_public.then(|| name.rename.to_string()))
            }
            syn::UseTree::Glob(_) => self.add(before, None),
        }
    }
}

/// Whether it is there for tests alone.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    };
    attributes.iter().any(is_test)
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        self.scope.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.scope.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.tree(&[], &item.tree, !matches!(item.vis, syn::Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.add(&names, None);
        }
        visit::visit_path(self, path);
    }
}
