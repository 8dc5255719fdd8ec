//! Lock files say what manifests say, read without cargo and without a network: `cargo --locked` refuses only what somebody builds,
//! and CI does not build the fuzz targets.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use toml::Table;

#[test]
fn each_crate_is_locked_with_what_its_manifest_names() {
    let crates = manifests();
    for (lock, first) in [("Cargo.lock", "Cargo.toml"), ("fuzz/Cargo.lock", "fuzz/Cargo.toml")] {
        let locked = locked(lock);
        let of = |name: &str| locked.iter().find(|package| package.name == name);
        let mut wrong: Vec<String> = Vec::new();
        let mut waiting = vec![read(first)];
        let mut seen = BTreeSet::new();
        while let Some(manifest) = waiting.pop() {
            let name = manifest["package"]["name"].as_str().unwrap().to_owned();
            let wanted = dependencies(&manifest);
            waiting.extend(
                wanted
                    .iter()
                    .filter(|one| seen.insert((*one).clone()))
                    .filter_map(|one| crates.get(one).cloned()),
            );
            let Some(package) = of(&name) else {
                wrong.push(format!("{name} is not there"));
                continue;
            };
            let missing = wanted.difference(&package.dependencies);
            wrong.extend(missing.map(|one| format!("{name} is there without {one}")));
        }
        assert!(
            wrong.is_empty(),
            "{lock} is old: {}; `cargo metadata` beside it writes it anew",
            wrong.join(", ")
        );
    }
}

/// What is fuzzed is what is built.
#[test]
fn fuzz_targets_have_the_versions_of_the_program() {
    let versions: BTreeSet<_> =
        locked("Cargo.lock").into_iter().map(|package| (package.name, package.version)).collect();
    let names: BTreeSet<_> = versions.iter().map(|(name, _)| name).collect();
    let others: Vec<_> = locked("fuzz/Cargo.lock")
        .into_iter()
        .filter(|package| names.contains(&package.name))
        .map(|package| (package.name, package.version))
        .filter(|package| !versions.contains(package))
        .collect();
    assert!(
        others.is_empty(),
        "fuzz/Cargo.lock has other versions of {others:?}: copy Cargo.lock over it and run cargo metadata in fuzz"
    );
}

struct Package {
    name: String,
    version: String,
    dependencies: BTreeSet<String>,
}

fn locked(path: &str) -> Vec<Package> {
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let first = |value: &toml::Value| value.as_str().unwrap().split(' ').next().unwrap().to_owned();
    read(path)["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            dependencies: package
                .get("dependencies")
                .map(|list| list.as_array().unwrap().iter().map(first).collect())
                .unwrap_or_default(),
        })
        .collect()
}

/// The crates of the workspace, by name.
fn manifests() -> BTreeMap<String, Table> {
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates")).unwrap();
    folders
        .map(|folder| {
            let name = folder.unwrap().file_name().into_string().unwrap();
            let manifest = read(&format!("crates/{name}/Cargo.toml"));
            (manifest["package"]["name"].as_str().unwrap().to_owned(), manifest)
        })
        .collect()
}

/// What a crate is built with, whatever its features are.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let is_optional =
        |value: &toml::Value| value.get("optional").and_then(toml::Value::as_bool).unwrap_or(false);
    let named = manifest.get("dependencies").and_then(toml::Value::as_table);
    named
        .into_iter()
        .flatten()
        .filter(|(_, value)| !is_optional(value))
        .map(|(name, _)| name.clone())
        .collect()
}

fn read(path: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap().parse().unwrap()
}
