//! The architecture as a test: reads the sources and fails where a file names what its folder must not.
//!
//! Owns the rules of ARCHITECTURE.md that a compiler does not check: the pure core, the one place of each crate,
//! which edge may use which, size of files, names. Comments and tests inside the sources are not looked at.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// Longest a file may be without its tests.
const LONGEST: usize = 400;

/// Longest a function may be, from its first line to its last.
const LONGEST_FUNCTION: usize = 60;

/// Crates that do no I/O and read no clock.
const PURE: &[&str] = &[
    "crates/lvs-wire/",
    "crates/lvs/",
    "crates/lvs-events/",
    "crates/lvs-health/",
    "crates/lvs-discovery/",
    "crates/lvs-netlink/",
];

/// Crates that their manifests may name: nothing that reaches the outside. With PCRE2 comes a library of C that does not either.
const PURE_CRATES: &[&str] = &[
    "bytes",
    "crc32c",
    "dashmap",
    "foldhash",
    "ipnet",
    "jiff",
    "lvs",
    "lvs-events",
    "lvs-health",
    "lvs-wire",
    "parking_lot",
    "pcre2",
    "pnet_packet",
    "serde",
    "serde_json",
    "shuttle",
    "siphasher",
    "strum",
    "thiserror",
];

/// Names of the standard library that they do not use, as path prefixes or words. (Their `clippy.toml` says it too, by type.)
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
    ("dashmap", &["crates/lvs/src/conn/index.rs"]),
    ("openssl", &["src/health/probe/tls.rs"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("ratatui", &["src/cli/top/"]),
    ("hmac", &["src/daemon/sync/channel/secret.rs"]),
    ("sha2", &["src/daemon/sync/channel/secret.rs"]),
    (
        "getrandom",
        &[
            "src/daemon/sync/channel/secret.rs",
            "crates/lvs-names/src/dns.rs",
            "crates/lvs-names/src/lookup.rs",
        ],
    ),
    ("hyper", &["src/metrics/"]),
    ("hickory_proto", &["src/health/probe/dns.rs"]),
    (
        "hickory_resolver",
        &[
            "crates/lvs-names/src/dns.rs",
            "crates/lvs-names/src/lookup.rs",
            "crates/lvs-names/src/connected.rs",
        ],
    ),
    (
        "pnet_packet",
        &["crates/lvs-wire/src/icmp.rs", "crates/lvs-host/src/announce.rs", "src/health/probe/ping.rs"],
    ),
    // In the last it is the runtime's clock, which tests can stop.
    ("Instant::now", &["src/daemon/clock.rs", "src/demo/", "src/exec/clock.rs", "src/health/probe/bfd.rs"]),
    ("SystemTime::now", &["src/daemon/clock.rs"]),
];

/// Files that join the edges, and so may use everything.
const JOINS: &[&str] = &["src/main.rs", "src/daemon/", "src/cli/mod.rs", "src/cli/run.rs"];

/// A folder, and the modules of its crate that it may use beside itself. Between crates the manifests say it.
const MAY_USE: &[(&str, &[&str])] = &[
    ("crates/lvs/src/time.rs", &[]),
    ("crates/lvs/src/verdict.rs", &[]),
    ("crates/lvs/src/route.rs", &[]),
    ("crates/lvs/src/neighbour.rs", &["route"]),
    ("crates/lvs/src/service/", &["sched", "time"]),
    ("crates/lvs/src/sched/", &["service", "time"]),
    ("crates/lvs/src/app/", &["service", "time"]),
    ("crates/lvs/src/conn/", &["app", "keyed_hash", "service", "time"]),
    ("crates/lvs/src/sync/", &["conn", "app", "service", "time"]),
    ("crates/lvs/src/xmit/", &["conn", "service", "time", "verdict"]),
    ("src/flow_log/", &[]),
    ("src/metrics/", &[]),
    ("src/health/", &["starter"]),
    ("src/discovery/", &[]),
    ("src/starter/", &[]),
    ("src/sandbox/", &["seccomp"]),
    ("src/seccomp.rs", &[]),
    ("src/doctor/", &["memory"]),
    ("src/memory/", &[]),
    ("src/demo/", &[]),
    ("src/cli/top/", &["cli", "daemon"]),
];

/// First words that leave the subject to be guessed.
const NO_SUBJECT: &[&str] = &[
    "And", "Or", "It", "Its", "That", "Their", "There", "These", "They", "Those", "What", "Where", "Which",
    "Who", "Whom", "Whose",
];

/// Comments that clap prints: sentences of the help texts.
const HELP_TEXTS: &str = "src/cli/args/";

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
fn files_use_each_other_in_no_circle() {
    let sources = sources();
    let root = |source: &Source| source.name.split_inclusive("src/").next().map(str::to_owned);
    let roots: BTreeSet<String> = sources.iter().filter_map(root).collect();
    let mut found = Vec::new();
    for root in roots {
        let circle = Modules::below(&root, &sources).circle();
        found.extend(circle.map(|circle| format!("{root}: {}", circle.join(" → "))));
    }
    assert_none("files use each other in a circle", &found);
}

#[test]
fn circles_are_found_and_parents_that_only_declare_make_none() {
    let circle = |files: &[(&str, &str)]| {
        let sources: Vec<_> = files.iter().map(|(name, text)| Source::of(name, (*text).to_owned())).collect();
        Modules::below("src/", &sources).circle().map(|circle| circle.join(" "))
    };
    let lib = ("src/lib.rs", "mod a;\nmod b;\npub use a::A;\n");
    let a = ("src/a.rs", "use super::b::B;\n");
    assert_eq!(circle(&[lib, a, ("src/b.rs", "pub struct B;\n")]), None);
    assert_eq!(circle(&[lib, a, ("src/b.rs", "use crate::{A, C};\n")]), Some("a b a".to_owned()));
    assert_eq!(circle(&[lib, a, ("src/b.rs", "fn b() {\n    super::a::f()\n}\n")]), Some("a b a".to_owned()));
    let lib = ("src/lib.rs", "mod a;\npub struct L;\nfn l() {\n    a::f()\n}\n");
    assert_eq!(circle(&[lib, ("src/a.rs", "use super::L;\n")]), Some("crate a crate".to_owned()));
    assert_eq!(circle(&[lib, ("src/a.rs", "fn f() {}\n")]), None);
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
fn functions_are_short() {
    let mut found = Vec::new();
    for source in sources() {
        for (line, name, len) in
            functions(&source.code).into_iter().filter(|(.., len)| *len > LONGEST_FUNCTION)
        {
            found.push(format!("{}:{line}: {name} has {len} lines, {LONGEST_FUNCTION} allowed", source.name));
        }
    }
    assert_none("a function is too long", &found);
}

#[test]
fn functions_are_measured_from_their_first_line_to_their_last() {
    let text = "trait T {\n    fn a();\n    fn b(\n        x: u8,\n    ) -> u8;\n}\n\
        pub(super) async fn c() {\n    fn d() { e() }\n    if x {\n    }\n}\n";
    let measured = functions(&code_of(text));
    let measured: Vec<_> = measured.iter().map(|(line, name, len)| (*line, name.as_str(), *len)).collect();
    assert_eq!(measured, [(7, "c", 5), (8, "d", 1)]);
}

#[test]
fn comments_say_their_subject() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !source.is_under(HELP_TEXTS)) {
        let mut goes_on = false;
        for (at, line) in source.text.lines().enumerate() {
            let comment = line.trim_start();
            let text = comment.strip_prefix("/// ").or_else(|| comment.strip_prefix("//! "));
            let word = text.and_then(|text| text.split(' ').next()).filter(|_| !goes_on);
            if word.is_some_and(|word| NO_SUBJECT.contains(&word)) {
                found.push(format!("{}:{}: {comment}", source.name, at + 1));
            }
            goes_on = text.is_some_and(|text| text != "# Errors");
        }
    }
    assert_none("a comment begins with no subject", &found);
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
        let name = path.strip_prefix(root).unwrap().to_string_lossy();
        Self::of(&name, fs::read_to_string(path).unwrap())
    }

    fn of(name: &str, text: String) -> Self {
        let mut source = Self { name: name.to_owned(), text, code: Vec::new(), paths: Vec::new() };
        if !source.is_test_file() {
            source.code = code_of(&source.text);
            source.paths = imported_paths(&source.code);
            source.paths.extend(written_paths(&source.code, "crate::"));
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

/// The path of a module within its crate; the crate itself is empty.
type Module = Vec<String>;

/// The module of a file or folder, by its path below the crate.
fn module(path: &str) -> Module {
    let parts = path.trim_end_matches(".rs").split('/');
    parts.filter(|part| !matches!(*part, "" | "lib" | "main" | "mod")).map(str::to_owned).collect()
}

/// The files of a crate, as modules.
struct Modules<'a>(BTreeMap<Module, &'a Source>);

impl<'a> Modules<'a> {
    fn below(root: &str, sources: &'a [Source]) -> Self {
        let files = sources.iter().filter(|source| source.is_under(root) && !source.is_test_file());
        Self(files.map(|source| (module(&source.name[root.len()..]), source)).collect())
    }

    /// The module of this crate that a path leads into, and what it names there.
    fn target(&self, from: &Module, path: &str) -> Option<(Module, String)> {
        let mut at = from.clone();
        for (index, part) in path.split("::").map(str::trim).enumerate() {
            match part {
                "crate" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                _ => {
                    at.push(part.to_owned());
                    if !self.0.contains_key(&at) {
                        at.pop();
                        return (index > 0).then(|| (at, part.to_owned()));
                    }
                }
            }
        }
        Some((at.clone(), at.pop().unwrap_or_default()))
    }

    /// Which module uses which. Names that one hands on are those of the module that has them.
    fn uses(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut handed_on = BTreeMap::new();
        let mut uses = Vec::new();
        for (module, source) in &self.0 {
            for Import { path, name, is_public, .. } in imports(&source.code) {
                let Some(target) = self.target(module, &path) else { continue };
                if !is_public || !target.0.starts_with(module) {
                    uses.push((module.clone(), target.clone()));
                }
                handed_on.insert((module.clone(), name), target);
            }
            let written = written_paths(&source.code, "").into_iter();
            uses.extend(written.filter_map(|(_, path)| Some((module.clone(), self.target(module, &path)?))));
        }
        let mut graph = BTreeMap::<Module, BTreeSet<Module>>::new();
        for (module, mut target) in uses {
            let mut seen = BTreeSet::new();
            while let Some(origin) = handed_on.get(&target).filter(|_| seen.insert(target.clone())) {
                target = origin.clone();
            }
            if target.0 != module {
                graph.entry(module).or_default().insert(target.0);
            }
        }
        graph
    }

    /// The shortest way from a module by others back to itself.
    fn circle(&self) -> Option<Vec<String>> {
        let uses = self.uses();
        let shortest = uses.keys().filter_map(|start| {
            let mut ways = VecDeque::from([vec![start]]);
            let mut seen = BTreeSet::new();
            while let Some(way) = ways.pop_front() {
                for next in way.last().and_then(|last| uses.get(*last)).into_iter().flatten() {
                    if next == start {
                        return Some([way, vec![next]].concat());
                    }
                    if seen.insert(next) {
                        ways.push_back([way.clone(), vec![next]].concat());
                    }
                }
            }
            None
        });
        let name = |module: &Module| if module.is_empty() { "crate".to_owned() } else { module.join("::") };
        shortest.min_by_key(Vec::len).map(|way| way.into_iter().map(name).collect())
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

/// Functions with a body: the line of each, its name, and how many lines it has.
fn functions(code: &[(usize, String)]) -> Vec<(usize, String, usize)> {
    let begin = |text: &str| {
        let (before, rest) = text.trim_start().split_once("fn ")?;
        let qualifiers = ["pub", "const", "async", "unsafe", "extern"];
        let is_qualifier = |word: &str| qualifiers.iter().any(|qualifier| word.starts_with(qualifier));
        let name = rest.split(['(', '<']).next()?;
        let is_begin = before.split_whitespace().all(|word| is_qualifier(word) || word.ends_with(')'));
        (is_begin && !name.is_empty()).then(|| name.to_owned())
    };
    let mut functions = Vec::new();
    for (at, (line, text)) in code.iter().enumerate() {
        let Some(name) = begin(text) else { continue };
        let indent = &text[..text.len() - text.trim_start().len()];
        let is_last = |text: &str| {
            text == format!("{indent}}}") || text.ends_with(';') && text.starts_with(&format!("{indent})"))
        };
        let whole = text.ends_with('}') || text.ends_with(';');
        let Some(len) = (if whole {
            Some(1)
        } else {
            code[at..].iter().position(|(_, text)| is_last(text)).map(|len| len + 1)
        }) else {
            continue;
        };
        if !code[at + len - 1].1.ends_with(';') {
            functions.push((*line, name, len));
        }
    }
    functions
}

/// One name that a `use` statement brings.
struct Import {
    line: usize,
    path: String,
    name: String,
    is_public: bool,
}

/// The names of all `use` statements, groups taken apart.
fn imports(code: &[(usize, String)]) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut statement: Option<(usize, String)> = None;
    for (at, line) in code {
        let line = line.trim();
        if statement.is_none() && is_import(line) {
            statement = Some((*at, String::new()));
        }
        if let Some((_, text)) = &mut statement {
            text.push_str(line);
            text.push(' ');
        }
        if line.ends_with(';') {
            let Some((line, text)) = statement.take() else { continue };
            let Some((before, tree)) = text.trim().trim_end_matches(';').split_once("use ") else { continue };
            let mut expanded = Vec::new();
            expand("", tree, &mut expanded);
            imports.extend(expanded.into_iter().map(|path| {
                let (path, name) =
                    path.split_once(" as ").unwrap_or((&path, path.rsplit("::").next().unwrap()));
                Import {
                    line,
                    path: path.trim().to_owned(),
                    name: name.trim().to_owned(),
                    is_public: before.starts_with("pub"),
                }
            }));
        }
    }
    imports
}

fn is_import(line: &str) -> bool {
    let visible = line.strip_prefix("pub").map(|rest| rest.split_once(") ").map_or(rest, |(_, rest)| rest));
    visible.unwrap_or(line).trim_start().starts_with("use ")
}

/// The paths of all `use` statements.
fn imported_paths(code: &[(usize, String)]) -> Vec<(usize, String)> {
    imports(code).into_iter().map(|import| (import.line, import.path)).collect()
}

/// Takes `a::{b, c::{d}}` apart into `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        if !tree.is_empty() {
            paths.push(format!("{prefix}{tree}"));
        }
        return;
    };
    let prefix = format!("{prefix}{}", head.trim());
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
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

/// Paths that are written out in the code and begin like this.
fn written_paths(code: &[(usize, String)], start: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let mut in_import = false;
    for (line, text) in code {
        in_import |= is_import(text.trim());
        if !in_import {
            // Who may see a name is no use of it.
            let text = text
                .split_once("pub(in ")
                .and_then(|(_, rest)| rest.split_once(')'))
                .map_or(text.as_str(), |(_, rest)| rest);
            let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
            let words = words.map(|word| word.trim_matches(':'));
            let found = words.filter(|word| word.contains("::") && word.starts_with(start));
            paths.extend(found.map(|word| (*line, word.to_owned())));
        }
        in_import &= !text.trim_end().ends_with(';');
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
