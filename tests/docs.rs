//! Documents kept true where that is cheap: the make targets, commands, options and files that they name exist, the
//! quick start is what the scenario `article` types, and the example of a configuration is one.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const DOCUMENTS: [&str; 14] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/README.zh-CN.md",
    "docs/from-kernel-lvs.md",
    "docs/sidecar.md",
    "docs/firewalls.md",
    "docs/kubernetes.md",
    "docs/limits.md",
    "docs/kernels.md",
    "docs/exporters.md",
    "docs/vrf.md",
    "docs/quic.md",
];

/// Folders whose files the documents name.
const FOLDERS: [&str; 9] =
    ["src/", "tests/", "scripts/", "benches/", "conf/", "docs/", "man/", "completions/", "fuzz/"];

#[test]
fn make_targets_exist() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> =
        makefile.lines().filter_map(|line| line.split_once(": ").map(|(target, _)| target)).collect();
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        for code in code_of(&text) {
            let Some(rest) = code.split("make ").nth(1).filter(|_| starts_a_command(&code, "make")) else {
                continue;
            };
            let target = word(rest);
            if !targets.contains(target) {
                missing.push(format!("{document}: make {target}"));
            }
        }
    }
    assert_none("the Makefile has no such target", &missing);
}

#[test]
fn commands_and_their_options_exist() {
    let help = |command: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tunvs")).args(command).arg("--help").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let top = help(&[]);
    let commands: Vec<&str> = top
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| word(line.trim()))
        .collect();
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        for code in code_of(&text).iter().filter(|code| starts_a_command(code, "tunvs")) {
            let Some(rest) = code.split("tunvs ").nth(1) else { continue };
            let rest = rest.split(['#', '|']).next().unwrap_or(rest);
            let command = word(rest);
            if command.starts_with('-') || command == "ipvsadm" {
                continue;
            }
            if !commands.contains(&command) {
                missing.push(format!("{document}: tunvs {command}"));
                continue;
            }
            let options = help(&[command]);
            for option in rest.split_whitespace().filter(|option| option.starts_with("--")) {
                if !options.split([' ', '\n', ',']).any(|known| known == option) {
                    missing.push(format!("{document}: tunvs {command} {option}"));
                }
            }
        }
    }
    assert!(commands.len() > 5, "no commands were found in:\n{top}");
    assert_none("tunvs has no such command or option", &missing);
}

#[test]
fn files_exist() {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let places = quoted.filter(|name| FOLDERS.iter().any(|folder| name.starts_with(folder)));
        for name in places.chain(linked.filter(|target| !target.contains("://"))) {
            let is_pattern = name.contains(['*', ' ', '{']);
            let beside = root().join(document).with_file_name(name.split('#').next().unwrap_or(name));
            if !is_pattern && !root().join(name).exists() && !beside.exists() {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert_none("there is no such file", &missing);
}

#[test]
fn the_quick_start_is_the_article() {
    let readme = read("README.md");
    let shown =
        readme.split("<!-- article -->").nth(1).and_then(|rest| rest.split("<!-- /article -->").next());
    let shown: Vec<&str> = shown.unwrap().lines().map(str::trim_end).collect();
    let script = read("tests/netns/article.sh");

    let mut typed = Vec::new();
    let mut is_typed = false;
    for line in script.lines() {
        match line {
            "TYPED" => is_typed = false,
            _ if line.ends_with("<<'TYPED'") => is_typed = true,
            _ if is_typed => typed.push(line),
            _ if line.starts_with("on ds ipvsadm -e") => typed.extend(line.strip_prefix("on ds ")),
            _ => {}
        }
    }
    let is_change = |line: &&str| !line.starts_with("ipvsadm -L");
    let prompts: Vec<&str> =
        shown.iter().filter_map(|line| line.strip_prefix("ds# ")).filter(is_change).collect();
    assert_eq!(prompts, typed, "README.md (left) and tests/netns/article.sh (right) type different commands");

    let listing = script.split("listing=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let listing: Vec<&str> = listing.lines().map(str::trim_end).collect();
    assert!(shown.windows(listing.len()).any(|lines| lines == listing), "README.md lists something else");
    let answers = script.lines().filter(|line| line.starts_with("same \"") && line.contains("$(answers"));
    let answers: Vec<&str> = answers.filter_map(|line| line.split('"').nth(3)).collect();
    let answered: Vec<&str> = shown.iter().copied().filter(|line| line.starts_with("rs")).collect();
    assert_eq!(answered, answers, "README.md (left) and tests/netns/article.sh (right) answer differently");
}

#[test]
fn configurations_are_right() {
    let mut folders = vec![root().join("conf")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                assert_checked(&path);
                count += 1;
            }
        }
    }
    assert!(count > 2, "conf has lost its examples");
}

/// A manifest carries a configuration as a block of text.
#[test]
fn manifests_carry_configurations() {
    let manifest = read("conf/kubernetes/sidecar.yaml");
    let block = manifest.split("tunvs.toml: |\n").nth(1).unwrap().split("---").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tunvs.toml");
    fs::write(&path, block.replace("\n    ", "\n").trim_start()).unwrap();
    assert_checked(&path);
}

fn assert_checked(path: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_tunvs")).arg("check").arg(path).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", path.display());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| format!("{name}: {error}"))
}

/// Code as a reader would type it: what stands between backticks, and the lines of blocks, without prompts.
fn code_of(text: &str) -> Vec<String> {
    let mut code = Vec::new();
    let mut prose = String::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let typed = line.strip_prefix("ds# ").unwrap_or(line);
            code.push(typed.strip_prefix("sudo ").unwrap_or(typed).to_owned());
        } else {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    code.extend(prose.split('`').skip(1).step_by(2).map(|inline| inline.replace('\n', " ")));
    code
}

fn starts_a_command(code: &str, program: &str) -> bool {
    code.strip_prefix(program).is_some_and(|rest| rest.starts_with(' '))
}

fn word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn assert_none(complaint: &str, found: &[String]) {
    assert!(found.is_empty(), "{complaint}:\n  {}", found.join("\n  "));
}
