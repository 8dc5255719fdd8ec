//! Replays command lines and restore files as people write them, each from an empty table, against what the real
//! ipvsadm made of them.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::{Fixture, check_all, difference};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/corpus")
}

/// The lines of a recording, each with its answer.
fn recorded(name: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    let text = text.strip_prefix("$ ").unwrap();
    text.split("\n$ ")
        .map(|entry| {
            let (line, answer) = entry.split_once('\n').unwrap();
            (line.to_owned(), format!("{}\n", answer.trim_end_matches('\n')))
        })
        .collect()
}

/// What it wrote, how it ended, and the table that it left.
fn answer(fixture: &Fixture, run: &str) -> String {
    let transcript = fixture.transcribe("", run);
    let mut answer = transcript.strip_prefix("$ \n").unwrap().to_owned();
    let table = fixture.shell("ipvsadm -Sn");
    for line in String::from_utf8(table.stdout).unwrap().lines() {
        answer.push_str(&format!("= {line}\n"));
    }
    answer
}

fn compare(line: &str, expected: &str, actual: &str) -> Option<String> {
    difference(expected, actual).map(|difference| format!("{line}: {difference}"))
}

#[test]
fn command_lines_come_out_as_recorded() {
    let entries = recorded("commands.out");
    assert!(entries.len() > 400, "only {} command lines", entries.len());
    check_all(&entries, |(line, expected)| {
        let quoted: Vec<String> =
            line.split_whitespace().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        let actual = answer(&Fixture::new(), &quoted.join(" "));
        compare(line, expected, &actual)
    });
}

#[test]
fn restore_files_come_out_as_recorded() {
    let entries = recorded("restores.out");
    assert_eq!(entries.len(), 2 * 23);
    check_all(&entries, |(line, expected)| {
        let (tool, file) = line.split_once(" < ").unwrap();
        let file = folder().join("restore-files").join(file);
        compare(line, expected, &answer(&Fixture::new(), &format!("{tool} < '{}'", file.display())))
    });
}
