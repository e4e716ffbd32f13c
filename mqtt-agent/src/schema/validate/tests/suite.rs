//! JSON Schema's own tests.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::schema::validate::compile;

/// Files whose subject is not taken: schemas of several documents, and choosing a reference's target when it is followed.
const OTHER_SUBJECTS: [&str; 3] = ["dynamicRef.json", "refRemote.json", "vocabulary.json"];

/// Why a schema of the suite may be refused: each of these is documented as not taken.
const REFUSALS: [&str; 4] =
    ["which is not in this schema", "is not supported here", "look-around and back-references", "ECMA-262"];

/// Cases that we see otherwise, each with its reason.
const OTHERWISE: &[(&str, &str)] = &[];

/// The outcome of a file: how many cases were right, and the schemas that were refused.
fn run(path: &Path, wrong: &mut Vec<String>, refused: &mut BTreeMap<String, String>) -> usize {
    let name = path.file_name().unwrap().to_str().unwrap();
    let groups: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut right = 0;
    for group in &groups {
        let about = format!("{name}: {}", group["description"].as_str().unwrap());
        let plan = match compile(&group["schema"]) {
            Ok(plan) => plan,
            Err(broken) => {
                refused.insert(about, broken.reason);
                continue;
            }
        };
        for case in group["tests"].as_array().unwrap() {
            let about = format!("{about}: {}", case["description"].as_str().unwrap());
            if OTHERWISE.iter().any(|(case, _)| *case == about) {
                continue;
            }
            let fits = plan.wrongs(&case["data"], 20).is_none();
            if fits == case["valid"].as_bool().unwrap() {
                right += 1;
            } else {
                wrong.push(about);
            }
        }
    }
    right
}

#[test]
fn mcp_8_the_check_is_what_json_schema_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas");
    let (mut right, mut wrong, mut refused) = (0, Vec::new(), BTreeMap::new());
    for folder in [folder.clone(), folder.join("optional")] {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let is_ours = path.extension().is_some_and(|extension| extension == "json")
                && !OTHER_SUBJECTS.iter().any(|other| path.ends_with(other));
            if is_ours {
                right += run(&path, &mut wrong, &mut refused);
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases: {wrong:#?}", wrong.len());
    for (about, reason) in &refused {
        assert!(REFUSALS.iter().any(|refusal| reason.contains(refusal)), "{about}: {reason}");
    }
    println!("{right} cases right, {} schemas refused:", refused.len());
    for (about, reason) in &refused {
        println!("  {about}: {reason}");
    }
    assert!(right > 1_000, "{right}");
}
