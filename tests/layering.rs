//! The architecture as a test: reads the sources and fails where a file names what its folder must not.
//!
//! Owns the rules of ARCHITECTURE.md that a compiler does not check: the pure core, the one place of each crate,
//! which edge may use which, size of files, names. Comments and tests inside the sources are not looked at.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::fs;
use std::path::{Path, PathBuf};

/// Longest a file may be without its tests.
const LONGEST: usize = 600;

/// Crates that do no I/O and read no clock.
const PURE: &[&str] = &["crates/lvs-wire/", "crates/lvs/", "crates/lvs-events/", "crates/lvs-health/"];

/// What their manifests may name: nothing that reaches the outside. With PCRE2 comes a library of C that does not either.
const PURE_CRATES: &[&str] = &[
    "bytes",
    "dashmap",
    "foldhash",
    "ipnet",
    "jiff",
    "lvs",
    "lvs-events",
    "lvs-wire",
    "parking_lot",
    "pcre2",
    "pnet_packet",
    "serde",
    "thiserror",
];

/// What of the standard library they do not name, as path prefixes or words. (Their `clippy.toml` says it too, by type.)
const IMPURE: &[&str] = &[
    "std::fs",
    "std::process",
    "std::env",
    "std::thread",
    "std::os",
    "std::io::stdin",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "async",
    ".await",
    "println!",
    "eprintln!",
];

/// A name, and the files (or folders) that may use it, where a manifest does not say it.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("dashmap", &["crates/lvs/src/conn/table.rs"]),
    ("openssl", &["src/health/probe/tls.rs"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("ratatui", &["src/cli/top/"]),
    // In the last it is the runtime's clock, which tests can stop.
    ("Instant::now", &["src/daemon/clock.rs", "src/demo/", "src/health/probe/bfd.rs"]),
    ("SystemTime::now", &["src/daemon/clock.rs"]),
];

/// What joins the edges, and so may use everything.
const JOINS: &[&str] = &["src/main.rs", "src/daemon/", "src/cli/mod.rs", "src/cli/run.rs"];

/// A folder, and the modules of its crate that it may use beside itself. Between crates the manifests say it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("crates/lvs/src/time.rs", &[]),
    ("crates/lvs/src/verdict.rs", &[]),
    ("crates/lvs/src/route.rs", &[]),
    ("crates/lvs/src/neighbour.rs", &["route"]),
    ("crates/lvs/src/service/", &["sched", "time"]),
    ("crates/lvs/src/sched/", &["service", "time"]),
    ("crates/lvs/src/app/", &["service"]),
    ("crates/lvs/src/conn/", &["app", "service", "time"]),
    ("crates/lvs/src/sync/", &["conn", "app", "service", "time"]),
    ("crates/lvs/src/xmit/", &["conn", "service", "time", "verdict"]),
    ("src/flow_log/", &[]),
    ("src/metrics/", &[]),
    ("src/health/", &[]),
    ("src/doctor/", &[]),
    ("src/demo/", &[]),
    ("src/cli/top/", &["cli", "daemon"]),
];

#[test]
fn the_core_is_pure() {
    let mut found = Vec::new();
    for place in PURE {
        for name in dependencies(place) {
            if !PURE_CRATES.contains(&name.as_str()) {
                found.push(format!("{place}Cargo.toml: {name}"));
            }
        }
        for source in sources().iter().filter(|source| source.is_under(place)) {
            for name in IMPURE {
                source.report_uses(name, &mut found);
            }
        }
    }
    assert_none("the pure core names something of the outside", &found);
}

#[test]
fn unsafe_code_is_in_one_crate() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.is_under("crates/lvs-sys/")) {
        source.report_uses("unsafe", &mut found);
        source.report_uses("allow(unsafe_code", &mut found);
    }
    assert_none("system calls belong to lvs-sys", &found);
}

#[test]
fn each_crate_has_its_place() {
    let mut found = Vec::new();
    for source in sources() {
        for (name, places) in ONLY_IN {
            if !places.iter().any(|place| source.is_under(place)) {
                source.report_uses(name, &mut found);
            }
        }
    }
    assert_none("a name is used outside its place", &found);
}

#[test]
fn dependencies_point_down() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !JOINS.iter().any(|place| source.is_under(place))) {
        for (folder, allowed) in MAY_USE.iter().filter(|(folder, _)| source.is_under(folder)) {
            let own = folder.split("src/").nth(1).unwrap_or(folder);
            let own = own.trim_end_matches(".rs").trim_end_matches('/').replace('/', "::");
            for (line, path) in &source.paths {
                let Some(used) = path.strip_prefix("crate::") else { continue };
                let fine = std::iter::once(own.as_str())
                    .chain(allowed.iter().copied())
                    .any(|module| used == module || used.starts_with(&format!("{module}::")));
                if !fine {
                    found.push(format!("{}:{line}: {path}", source.name));
                }
            }
        }
    }
    assert_none("a module uses one that it must not know", &found);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut found = Vec::new();
    for source in sources() {
        if source.name != "src/main.rs" && !source.text.starts_with("//! ") && !source.is_test_file() {
            found.push(format!("{}: no `//!` header", source.name));
        }
        if source.code.len() > LONGEST {
            found.push(format!(
                "{}: {} lines without tests, {LONGEST} allowed",
                source.name,
                source.code.len()
            ));
        }
    }
    assert_none("a file is too long or has no header", &found);
}

#[test]
fn names_are_the_fields_own() {
    let mut found = Vec::new();
    for source in sources() {
        let stem = source.name.trim_end_matches("/mod.rs").trim_end_matches(".rs");
        let stem = stem.rsplit('/').next().unwrap_or(stem);
        if ["util", "helper", "manager", "handler"].iter().any(|word| stem.contains(word)) {
            found.push(format!("{}: a module is named after what it owns", source.name));
        }
        source.report_uses("fn get_", &mut found);
    }
    assert_none("a name says nothing or says it the wrong way", &found);
}

#[test]
fn grouped_imports_are_seen_one_by_one() {
    let code = vec![(1, "use std::{fs, net::{IpAddr, TcpStream as Stream}};".to_owned())];
    let paths: Vec<_> = imported_paths(&code).into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["std::fs", "std::net::IpAddr", "std::net::TcpStream"]);
}

/// One file of the program or of a crate, without comments and tests.
struct Source {
    /// Relative to the checkout.
    name: String,
    text: String,
    /// Lines with their numbers, up to the tests.
    code: Vec<(usize, String)>,
    /// Every path that is imported or written out, with its line.
    paths: Vec<(usize, String)>,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let mut source = Self { name, text, code: Vec::new(), paths: Vec::new() };
        if !source.is_test_file() {
            source.code = code_of(&source.text);
            source.paths = imported_paths(&source.code);
            source.paths.extend(written_paths(&source.code));
        }
        source
    }

    fn is_under(&self, place: &str) -> bool {
        if place.ends_with('/') { self.name.starts_with(place) } else { self.name == place }
    }

    fn is_test_file(&self) -> bool {
        self.name.ends_with("/tests.rs") || self.name.contains("/tests/")
    }

    fn report_uses(&self, name: &str, found: &mut Vec<String>) {
        let in_code = self.code.iter().filter(|(_, line)| has_word(line, name)).map(|(at, _)| *at);
        let in_paths = self.paths.iter().filter(|(_, path)| has_word(path, name)).map(|(at, _)| *at);
        let mut lines: Vec<_> = in_code.chain(in_paths).collect();
        lines.sort_unstable();
        lines.dedup();
        found.extend(lines.iter().map(|line| format!("{}:{line}: {name}", self.name)));
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        collect(&entry.unwrap().path().join("src"), &mut paths);
    }
    paths.sort();
    assert!(paths.len() > 300, "the sources were not found under {}", root.display());
    paths.iter().map(|path| Source::read(root, path)).collect()
}

/// Names of the crates that a manifest has the code, but not its tests, use.
fn dependencies(place: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(place).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The lines before the tests at the end, comments cut off.
fn code_of(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<_> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{'))
        .unwrap_or(lines.len());
    let uncommented = lines[..tests].iter().map(|line| {
        let line = line.trim_end();
        if line.trim_start().starts_with("//") { "" } else { line.split(" // ").next().unwrap_or_default() }
    });
    uncommented.enumerate().map(|(at, line)| (at + 1, line.to_owned())).collect()
}

/// The paths of all `use` statements, groups taken apart.
fn imported_paths(code: &[(usize, String)]) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut statement: Option<(usize, String)> = None;
    for (at, line) in code {
        let line = line.trim();
        if statement.is_none() {
            let start = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("use ");
            statement = start.map(|_| (*at, String::new()));
        }
        if let Some((_, text)) = &mut statement {
            text.push_str(line);
        }
        if line.ends_with(';') {
            let Some((start, text)) = statement.take() else { continue };
            let tree = text.trim_end_matches(';').trim_start_matches("pub ").trim_start_matches("use ");
            let mut expanded = Vec::new();
            expand("", tree, &mut expanded);
            paths.extend(expanded.into_iter().map(|path| (start, path)));
        }
    }
    paths
}

/// Takes `a::{b, c::{d}}` apart into `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        if !tree.is_empty() {
            paths.push(format!("{prefix}{}", tree.split(" as ").next().unwrap_or(tree).trim()));
        }
        return;
    };
    let prefix = format!("{prefix}{head}");
    let group = group.strip_suffix('}').unwrap_or(group);
    let (mut depth, mut start) = (0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&prefix, &group[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    expand(&prefix, &group[start..], paths);
}

/// Paths of this crate written out in the code.
fn written_paths(code: &[(usize, String)]) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for (line, text) in code.iter().filter(|(_, text)| !text.trim_start().starts_with("use ")) {
        for (at, _) in text.match_indices("crate::") {
            let end = text[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let path = end.map_or(&text[at..], |end| &text[at..at + end]);
            paths.push((*line, path.trim_end_matches(':').to_owned()));
        }
    }
    paths
}

/// Is `word` in `text`, and not as a part of a longer name?
fn has_word(text: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let starts = !word.starts_with(in_name) || !before.is_some_and(in_name);
        let ends = word.ends_with("get_") || !word.ends_with(in_name) || !after.is_some_and(in_name);
        starts && ends
    })
}

fn assert_none(complaint: &str, found: &[String]) {
    assert!(found.is_empty(), "{complaint}:\n  {}", found.join("\n  "));
}
