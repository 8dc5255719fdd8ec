//! Replays what the real ipvsadm was recorded to answer, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::fs;
use std::path::{Path, PathBuf};

use lvs::director::Kernel;

use crate::cli::{Fixture, check_all, difference};
use crate::kernels::{self, Lines};

/// These need traffic, and so a network.
fn needs_traffic(name: &str) -> bool {
    name.starts_with("stats-") || name == "proc-conn"
}

/// Those of `cli-more` were made under Linux 6.1 only.
fn recordings(kernel: Kernel) -> Vec<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let folders: &[&str] = if kernel == Kernel::V6_1 { &["cli", "cli-more"] } else { &["cli"] };
    let mut files: Vec<PathBuf> = folders
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
fn transcribe(commands: &str, kernel: Kernel) -> String {
    let fixture = Fixture::like(kernel);
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

/// The folder and name of a recording.
fn id(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name).unwrap().to_string_lossy();
    format!("{folder}/{}", name(path))
}

/// A recording, with the lines that another kernel gave in place of those of Linux 6.1.
fn recorded(file: &Path, differences: &Lines) -> String {
    let text = String::from_utf8_lossy(&fs::read(file.with_extension("out")).unwrap()).into_owned();
    let mut lines: Vec<&str> = text.lines().collect();
    for (line, places) in differences.get(&id(file)).into_iter().flatten() {
        for place in places {
            assert_ne!(lines[place - 1], line, "{} line {place} is no difference", id(file));
            lines[place - 1] = line;
        }
    }
    lines.join("\n")
}

#[test]
fn recordings_come_out_to_the_byte() {
    for kernel in kernels::wanted() {
        let files = recordings(kernel);
        assert!(files.len() > 40, "only {} recordings found", files.len());
        let differences = kernels::lines(kernel);
        for id in differences.keys() {
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
            assert!(data.join(id).with_extension("cmd").exists(), "{kernel}: {id} is no recording");
        }
        check_all(&files, |file| {
            let actual = transcribe(&fs::read_to_string(file).unwrap(), kernel);
            difference(&recorded(file, &differences), &actual)
                .map(|difference| format!("Linux {kernel}, {}: {difference}", id(file)))
        });
    }
}
