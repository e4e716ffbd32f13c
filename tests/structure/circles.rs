//! Circles between files.

use std::collections::BTreeSet;

use crate::imports::Imports;
use crate::sources::{File, name};

/// One sentence for each circle; files that are in one already are not looked at again.
pub(crate) fn findings(imports: &Imports) -> Vec<String> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for file in imports.keys() {
        if seen.contains(file) {
            continue;
        }
        if let Some(circle) = shortest(imports, file) {
            seen.extend(circle.iter().cloned());
            let names: Vec<_> = circle.iter().map(|file| format!("`{}`", name(file))).collect();
            findings.push(format!(
                "{}: a circle; move what both need into a file of its own",
                names.join(" imports ")
            ));
        }
    }
    findings
}

/// The shortest way from a file back to it.
fn shortest(imports: &Imports, from: &File) -> Option<Vec<File>> {
    let mut ways = vec![vec![from.clone()]];
    let mut reached = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            for next in way.last().and_then(|last| imports.get(last)).into_iter().flatten() {
                let longer_way = [way.clone(), vec![next.clone()]].concat();
                if next == from {
                    return Some(longer_way);
                }
                if reached.insert(next.clone()) {
                    longer.push(longer_way);
                }
            }
        }
        ways = longer;
    }
    None
}
