//! Reads files as keepalived reads them, and compares with the tables that keepalived itself set from them.
//!
//! What keepalived has in the table before any check has answered follows from the declared checks: what begins as
//! down is not there, or has weight 0.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use ipvsadm::Applied;
use ipvsadm::{Backend, ConnParts, Source};
use ipvsadm::{NoNames, Session, Tool};
use lvs::Time;
use lvs::director::{Command, CommandError, Director, Query, Reply, Settings};
use lvs::service::DeclaredService;
use lvs_config::keepalived::{self, surroundings::ThisHost};
use lvs_config::note::NoteKind;
use lvs_config::{Config, ConfigError, Declared};
use lvs_health::spec::{OnFailure, ServiceHealth};

/// Files in the folder `shapes`.
const SHAPES: usize = 22;

struct Tables(Director);

impl Source for Tables {
    type Error = Infallible;

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Infallible> {
        Ok(self.0.query(&query, Time::ZERO))
    }

    fn connections(&mut self) -> Result<ConnParts<'_, Infallible>, Infallible> {
        Ok(Box::new(self.0.entries(Time::ZERO).map(Ok)))
    }
}

impl Backend for Tables {
    fn apply(&mut self, commands: Vec<Command>) -> Result<Applied, Infallible> {
        let results = commands.iter().map(|command| self.0.apply(command, Time::ZERO)).collect();
        Ok(Applied { results, warnings: Vec::new() })
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keepalived").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "conf")).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Result<(Declared, Vec<lvs_config::note::Note>), ConfigError> {
    let options = fs::read_to_string(path.with_extension("opts")).unwrap_or_default();
    keepalived::read(path, &ThisHost, options.trim().strip_prefix("-i ").map(str::trim))
}

/// The service as it is before any check has answered.
fn begin(service: &mut DeclaredService, health: &ServiceHealth) {
    let mut sum = 0;
    service.servers.retain_mut(|server| {
        let declared = health
            .servers
            .iter()
            .find(|one| (one.server.addr, one.server.port) == (server.addr, server.port));
        let is_down =
            declared.is_some_and(|one| one.checks.iter().any(|check| check.alpha || health.policy.alpha));
        if !is_down {
            sum += server.weight;
            return true;
        }
        server.weight = 0;
        declared.is_some_and(|one| one.on_failure == OnFailure::Quiesce)
    });
    let Some(sorry) = &health.policy.sorry else { return };
    if sum == 0 || sum < i32::try_from(health.policy.quorum + health.policy.hysteresis).unwrap() {
        service.servers.retain(|server| server.weight == 0 && sum == 0 && is_quiesced(health, server));
        service.servers.push(sorry.server.clone());
    } else if sorry.inhibit {
        let mut server = sorry.server.clone();
        server.weight = 0;
        service.servers.push(server);
    }
}

fn is_quiesced(health: &ServiceHealth, server: &lvs::service::ServerSpec) -> bool {
    let mut servers = health.servers.iter();
    servers.any(|one| {
        (one.server.addr, one.server.port) == (server.addr, server.port)
            && one.on_failure == OnFailure::Quiesce
    })
}

/// What ipvsadm prints of the tables, its services in an order of their own.
pub(crate) fn table(mut declared: Declared) -> String {
    for service in &mut declared.services {
        if let Some(health) = declared.health.iter().find(|health| health.service == service.spec.key) {
            begin(service, health);
        }
    }
    let mut tables = Tables(Director::new(Settings::default()));
    let applied = tables.apply(declared.commands()).unwrap();
    for result in applied.results {
        result.unwrap();
    }
    let mut print = |words: &[&str]| {
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut session =
            Session { backend: &mut tables, names: &NoNames, out: &mut out, err: &mut err, warns: false };
        let status = Tool::Ipvsadm.run(&words, &mut session, &mut std::io::empty()).unwrap();
        assert_eq!((status, err.as_slice()), (0, &b""[..]));
        String::from_utf8(out).unwrap()
    };
    let (saved, thresholds) = (print(&["ipvsadm", "-Sn"]), print(&["ipvsadm", "-Ln", "--thresholds"]));
    format!("{saved}\n{thresholds}")
}

/// Services, each with its servers, sorted; blanks at the end of lines do not count.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        match paragraphs.last_mut() {
            Some(last) if line.starts_with("-a ") || line.starts_with("  ->") => {
                last.push('\n');
                last.push_str(line);
            }
            _ => paragraphs.push(line.to_owned()),
        }
    }
    paragraphs.sort();
    paragraphs
}

fn compare_all(name: &str) -> usize {
    let mut differences = Vec::new();
    let paths = files(name);
    for path in &paths {
        let expected = fs::read_to_string(path.with_extension("table")).unwrap();
        let actual = match read(path) {
            Ok((declared, _)) => table(declared),
            Err(error) => {
                assert!(!error.to_string().contains('\n'), "{error}");
                if !expected.starts_with("exit ") {
                    differences.push(format!("{}: {error}", path.display()));
                }
                continue;
            }
        };
        let (expected, actual) = (paragraphs(&expected), paragraphs(&actual));
        let missing =
            expected.iter().filter(|one| !actual.contains(one)).map(|one| format!("keepalived: {one}"));
        let extra = actual.iter().filter(|one| !expected.contains(one)).map(|one| format!("here: {one}"));
        let all: Vec<String> = missing.chain(extra).collect();
        if !all.is_empty() {
            differences.push(format!("{}:\n{}", path.display(), all.join("\n")));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    paths.len()
}

#[test]
fn files_from_the_wild_set_the_tables_that_keepalived_sets() {
    assert_eq!(compare_all("wild"), 38);
}

#[test]
fn files_of_our_own_set_the_tables_that_keepalived_sets() {
    assert!(compare_all("own") >= 30);
}

/// Written for this test in the shapes that real ones have, and read by keepalived 2.4.3.
#[test]
fn files_of_usual_shapes_set_the_tables_that_keepalived_sets() {
    assert_eq!(compare_all("shapes"), SHAPES);
}

/// What `tunvs check` and `tunvs convert` say: only a file that loses a service has errors, and fails.
#[test]
fn the_commands_count_what_is_lost() {
    let run = |command: &str, path: &Path| {
        let options = fs::read_to_string(path.with_extension("opts")).unwrap_or_default();
        let mut tunvs = Process::new(env!("CARGO_BIN_EXE_tunvs"));
        tunvs.arg(command).arg(path);
        if let Some(instance) = options.trim().strip_prefix("-i ") {
            tunvs.args(["--config-id", instance.trim()]);
        }
        let output = tunvs.output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let paths = files("shapes");
    assert_eq!(paths.len(), SHAPES);
    for path in &paths {
        let (succeeds, text) = run("check", path);
        assert!(succeeds && !text.contains(": error: "), "{text}");
        let (succeeds, toml) = run("convert", path);
        let declared = Config::parse(&toml, path).unwrap_or_else(|error| panic!("{error}\n{toml}")).declared;
        assert!(succeeds && !declared.services.is_empty(), "{toml}");
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("k.conf");
    let server = "protocol TCP\nreal_server 10.1.0.1 80 {\n}\n}\n";
    let text = format!(
        "virtual_server 10.0.0.1 80 {{\nfuture {{\nx 1\n}}\n{server}virtual_server 10.0.0.2 80 {{\n{server}"
    );
    fs::write(&path, text).unwrap();
    let (succeeds, text) = run("check", &path);
    assert!(!succeeds, "{text}");
    for expected in [
        ":1:1: error: no real servers",
        ":2:8: error: a `{` that belongs to nothing",
        ":6:1: error: `real_server` stands in the file: lost",
        ": 1 service, 1 server, 0 checks; 3 errors, ",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_is_converted_to_toml_means_the_same() {
    let mut count = 0;
    for path in files("wild").iter().chain(&files("own")).chain(&files("shapes")) {
        let Ok((mut declared, notes)) = read(path) else { continue };
        let text = declared.to_toml(&notes, "keepalived.conf");
        let again = Config::parse(&text, Path::new("t.toml"))
            .unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.display()))
            .declared;
        // A netmask with holes is left out, with a comment.
        for (service, other) in declared.services.iter_mut().zip(&again.services) {
            if text.contains("has holes") {
                service.spec.persistence = other.spec.persistence;
            }
        }
        assert_eq!(again.services, declared.services, "{}", path.display());
        assert_eq!(again.health, declared.health, "{}\n{text}", path.display());
        assert_eq!(again.timeouts, declared.timeouts, "{}", path.display());
        count += 1;
    }
    assert!(count > 60 + SHAPES / 2, "{count}");
}

#[test]
fn notes_name_file_line_and_column() {
    let mut skipped = 0;
    let mut mistakes = 0;
    let mut lost = 0;
    for path in files("wild").iter().chain(&files("own")).chain(&files("shapes")) {
        let Ok((_, notes)) = read(path) else { continue };
        for note in notes {
            let text = fs::read_to_string(&*note.place.file).unwrap_or_default();
            let line = text.lines().nth(note.place.line - 1).unwrap_or_default();
            let columns = line.chars().count() + 1;
            assert!(text.is_empty() || note.place.column <= columns, "{note}: {line}");
            assert!(!note.what.contains('\n'), "{note}");
            match note.kind {
                NoteKind::Skipped => skipped += 1,
                NoteKind::Mistake => mistakes += 1,
                NoteKind::Lost => lost += 1,
            }
        }
    }
    assert!(
        skipped > 50 && mistakes > 150 && lost > 20,
        "{skipped} skipped, {mistakes} mistakes, {lost} lost"
    );
}
