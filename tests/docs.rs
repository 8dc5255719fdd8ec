//! Documents kept true where that is cheap: the make targets, commands, options, files and headings that they name exist,
//! configurations are such, the quick start is what the scenario `article` types, and what the scenario `docs` has to type
//! of the others is marked so that it does.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders whose files the documents name.
const FOLDERS: [&str; 12] = [
    "src/",
    "crates/",
    "tests/",
    "scripts/",
    "benches/",
    "examples/",
    "conf/",
    "docs/",
    "man/",
    "completions/",
    "fuzz/",
    "findings/",
];

/// Documents of which `tests/netns/docs.sh`, or a scenario with other hosts, types at least one block.
const TYPED: [&str; 13] = [
    "docs/install.md",
    "docs/configuration.md",
    "docs/forwarding.md",
    "docs/health.md",
    "docs/operations.md",
    "docs/observability.md",
    "docs/troubleshooting.md",
    "docs/ipvsadm.md",
    "docs/limits.md",
    "docs/performance.md",
    "docs/from-kernel-lvs.md",
    "docs/from-keepalived.md",
    "docs/fleet.md",
];

#[test]
fn make_targets_exist() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> =
        makefile.lines().filter_map(|line| line.split_once(": ").map(|(target, _)| target)).collect();
    let mut missing = Vec::new();
    for document in documents() {
        let text = read(&document);
        for rest in code_of(&text).iter().flat_map(|code| typed_of(code, "make")) {
            let target = word(rest);
            if !targets.contains(target) {
                missing.push(format!("{document}: make {target}"));
            }
        }
    }
    assert_none("the Makefile has no such target", &missing);
}

/// The commands that a help text lists.
fn commands_of(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    listed.take_while(|line| !line.is_empty()).map(|line| word(line.trim())).collect()
}

#[test]
fn commands_and_their_options_exist() {
    let help = |command: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tunvs")).args(command).arg("--help").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let top = help(&[]);
    let commands = commands_of(&top);
    let mut missing = Vec::new();
    for document in documents() {
        let text = read(&document);
        for rest in code_of(&text).iter().flat_map(|code| typed_of(code, "tunvs")) {
            let rest = rest.split(['#', '>']).next().unwrap_or(rest);
            let command = word(rest);
            if command.starts_with('-') || command == "ipvsadm" {
                continue;
            }
            if !commands.contains(&command) {
                missing.push(format!("{document}: tunvs {command}"));
                continue;
            }
            let mut options = help(&[command]);
            let second =
                rest.split_whitespace().nth(1).filter(|second| commands_of(&options).contains(second));
            if let Some(second) = second {
                options = help(&[command, second]);
            }
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
fn options_of_ipvsadm_exist() {
    let output = Command::new(env!("CARGO_BIN_EXE_tunvs")).args(["ipvsadm", "-h"]).output().unwrap();
    // What the original does not have stands in the manual page alone: the help is the original's, to the byte.
    let help = String::from_utf8(output.stdout).unwrap() + &read("man/ipvsadm.8").replace("\\-", "-");
    let known: BTreeSet<&str> = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    let mut missing = Vec::new();
    for document in documents() {
        let text = read(&document);
        for rest in code_of(&text).iter().flat_map(|code| typed_of(code, "ipvsadm")) {
            let options = rest.split_whitespace().filter(|option| option.starts_with("--"));
            for option in options.filter(|option| !known.contains(option)) {
                missing.push(format!("{document}: ipvsadm {option}"));
            }
        }
    }
    assert!(known.contains("--add-service"), "no options were found in:\n{help}");
    assert_none("ipvsadm has no such option", &missing);
}

#[test]
fn every_scheduler_is_listed() {
    let mut missing = Vec::new();
    let lists = [
        "README.md",
        "docs/README.zh-CN.md",
        "man/tunvs.toml.5",
        "conf/tunvs.toml",
        "completions/ipvsadm.bash",
    ];
    for place in lists {
        let words: BTreeSet<String> =
            read(place).split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect();
        let unlisted = lvs::sched::names().filter(|name| !words.contains(*name));
        missing.extend(unlisted.map(|name| format!("{place}: {name}")));
    }
    assert_none("a scheduler is not in a list of them", &missing);
}

#[test]
fn files_exist() {
    let mut missing = Vec::new();
    for document in documents() {
        let text = read(&document);
        let quoted = text.split('`').skip(1).step_by(2);
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let places = quoted.filter(|name| FOLDERS.iter().any(|folder| name.starts_with(folder)));
        for name in places.chain(linked.filter(|target| !target.contains("://"))) {
            let is_pattern = name.contains(['*', ' ', '{', '<']);
            let (name, anchor) = name.split_once('#').unwrap_or((name, ""));
            let beside = root().join(&document).with_file_name(name);
            let place = if name.is_empty() { root().join(&document) } else { beside };
            if !is_pattern && !root().join(name).exists() && !place.exists() {
                missing.push(format!("{document}: {name}"));
            }
            if !anchor.is_empty() && !anchors_of(&place).contains(anchor) {
                missing.push(format!("{document}: {name}#{anchor}"));
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
    for name in ["conf/kubernetes/sidecar.yaml", "conf/kubernetes/director.yaml"] {
        let manifest = read(name);
        let block = manifest.split("tunvs.toml: |\n").nth(1).unwrap().split("---").next().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tunvs.toml");
        fs::write(&path, block.replace("\n    ", "\n").trim_start()).unwrap();
        assert_checked(&path);
    }
}

/// Documents carry configurations too: whole ones, and lines of one service.
#[test]
fn documents_carry_configurations() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for document in documents() {
        let text = read(&document);
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let is_whole = block.lines().any(|line| line.starts_with('['));
            let service = "[[service]]\naddress = \"192.0.2.1:80\"\n";
            let path = folder.path().join(format!("{}-{count}.toml", document.replace('/', "-")));
            fs::write(&path, format!("{}{block}", if is_whole { "" } else { service })).unwrap();
            assert_checked(&path);
            count += 1;
        }
    }
    assert!(count > 4, "the documents have lost their configurations");
}

/// The scenario `docs` goes by these markers; one that is not known would keep a block from being typed, and nobody would see.
#[test]
fn blocks_are_typed() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = read(&document);
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].starts_with("<!--")) {
            let marker = pair[0].trim_start_matches("<!-- ").trim_end_matches(" -->");
            let (kind, detail) = marker.split_once(": ").unwrap_or((marker, ""));
            let is_known = match kind {
                "article" => document == "README.md" && detail.is_empty(),
                "/article" => true,
                "after" => detail == "the quick start",
                "file" | "not run" => !detail.is_empty() && pair[1].starts_with("```"),
                "hosts" => root().join(format!("tests/netns/docs-{detail}.sh")).exists(),
                "run" => pair[1] == "```console",
                _ => false,
            };
            if !is_known {
                wrong.push(format!("{document}: {}", pair[0]));
            }
        }
        if TYPED.contains(&document.as_str()) && !lines.iter().any(|line| line.starts_with("<!-- run")) {
            wrong.push(format!("{document}: nothing is run"));
        }
    }
    let all = documents();
    wrong.extend(
        TYPED
            .iter()
            .filter(|name| !all.iter().any(|document| document == *name))
            .map(|name| format!("{name} is gone")),
    );
    assert_none("tests/netns/docs.sh knows no such marker, or types nothing of a document", &wrong);
}

fn assert_checked(path: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_tunvs")).arg("check").arg(path).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", path.display());
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// What people read: beside the code, in `docs`, and beside each crate.
fn documents() -> Vec<String> {
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let folders = [root(), root().join("docs"), root().join("docs/decisions")].into_iter().chain(crates);
    let mut documents = Vec::new();
    for path in folders
        .filter(|folder| folder.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
    {
        if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
        }
    }
    documents.sort();
    documents
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors_of(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(is_kept).collect::<String>().replace(' ', "-"))
        .collect()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| format!("{name}: {error}"))
}

/// Code as a reader would type it: what stands between backticks, and the lines of blocks; of those with prompts only what
/// stands behind one.
fn code_of(text: &str) -> Vec<String> {
    let mut code = Vec::new();
    let mut prose = String::new();
    for (number, part) in text.split("```").enumerate() {
        if number % 2 == 0 {
            prose.push_str(part);
            continue;
        }
        // Where hosts have names in a block, a line that begins with `#` is what a command printed.
        let lines = part.lines().skip(1);
        let has_hosts = lines.clone().any(|line| prompt_of(line).is_some_and(|(host, _)| !host.is_empty()));
        let has_prompts = part.starts_with("console");
        let typed = lines.filter_map(|line| match prompt_of(line) {
            Some((host, rest)) => (!has_hosts || !host.is_empty()).then_some(rest),
            None => (!has_prompts).then_some(line),
        });
        code.extend(typed.map(|line| line.strip_prefix("sudo ").unwrap_or(line).to_owned()));
    }
    code.extend(prose.split('`').skip(1).step_by(2).map(|inline| inline.replace('\n', " ")));
    code
}

/// `ds# `, `client$ `, or `# ` and `$ ` alone: the host, and what is typed.
fn prompt_of(line: &str) -> Option<(&str, &str)> {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let typed = rest.strip_prefix("# ").or_else(|| rest.strip_prefix("$ "))?;
    Some((&line[..line.len() - rest.len()], typed))
}

/// What is typed behind this program, wherever it begins a command: in front, behind a pipe, behind the `--` of a
/// program that starts it, behind a variable.
fn typed_of<'a>(code: &'a str, program: &str) -> Vec<&'a str> {
    let parts = code.split(" | ").flat_map(|part| part.split(" && ")).flat_map(|part| part.split(" -- "));
    let parts = parts.map(|part| match part.split_once(' ') {
        Some((first, rest)) if first.contains('=') => rest,
        _ => part,
    });
    parts.filter_map(|part| part.trim_start().strip_prefix(program)?.strip_prefix(' ')).collect()
}

fn word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

fn assert_none(complaint: &str, found: &[String]) {
    assert!(found.is_empty(), "{complaint}:\n  {}", found.join("\n  "));
}
