//! Replays what the real ipvsadm was recorded to answer, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Fixture, check_all, difference};

/// These need traffic, and so a network.
fn needs_traffic(name: &str) -> bool {
    name.starts_with("stats-") || name == "proc-conn"
}

fn recordings() -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut files: Vec<PathBuf> = ["cli", "cli-more"]
        .iter()
        .flat_map(|folder| fs::read_dir(data.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cmd"))
        .filter(|path| !needs_traffic(&name(path)))
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// Runs each line as one shell command. The kernel's files are asked of `tunvs proc`.
fn transcribe(commands: &str) -> String {
    let fixture = Fixture::new();
    let mut transcript = String::new();
    for line in commands.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            transcript.push_str(line);
            transcript.push('\n');
        } else {
            transcript
                .push_str(&fixture.transcribe(line, &line.replace("cat /proc/net/", "tunvs proc net/")));
        }
    }
    transcript
}

#[test]
fn recordings_come_out_to_the_byte() {
    let files = recordings();
    assert!(files.len() > 40, "only {} recordings found", files.len());
    check_all(&files, |file| {
        let expected = fs::read(file.with_extension("out")).unwrap();
        let expected = String::from_utf8_lossy(&expected).into_owned();
        let actual = transcribe(&fs::read_to_string(file).unwrap());
        difference(&expected, &actual).map(|difference| format!("{}: {difference}", name(file)))
    });
}
