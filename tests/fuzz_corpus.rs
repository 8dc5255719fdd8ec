//! Replays the committed fuzz corpus, without a fuzzer and on any toolchain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test program")]

use std::fs;
use std::path::Path;

use lvs::Time;
use lvs::director::{Director, Settings};
use lvs_control::protocol;

#[path = "../fuzz/bodies.rs"]
mod bodies;

#[test]
fn the_process_corpus_is_survived() {
    replay("process", bodies::process);
}

#[test]
fn the_control_corpus_is_survived() {
    replay("control", bodies::control);
}

#[test]
fn the_sync_corpus_is_survived() {
    replay("sync", bodies::sync);
}

#[test]
fn the_keepalived_corpus_is_survived() {
    replay("keepalived", bodies::keepalived);
}

#[test]
fn the_netlink_corpus_is_survived() {
    replay("netlink", bodies::netlink);
}

#[test]
fn the_import_corpus_is_survived() {
    replay("import", bodies::import);
}

#[test]
fn the_peers_corpus_is_survived() {
    replay("peers", bodies::peers);
}

#[test]
fn the_restore_corpus_is_survived() {
    replay("restore", bodies::restore);
}

/// Old exports are read for as long as their version is.
#[test]
fn good_exports_of_the_import_corpus_are_still_good() {
    for (name, data) in corpus("import") {
        let director = Director::new(Settings::default());
        let read = director.import(&data, Time::from_secs(1000));
        let is_good = read.as_ref().is_ok_and(|summary| summary.is_whole && summary.damage.is_none());
        assert_eq!(is_good, name.starts_with("export-"), "{name}: {read:?}");
    }
}

/// An input that no longer means what its name says would test nothing.
#[test]
fn good_requests_of_the_control_corpus_are_still_good() {
    for (name, data) in corpus("control") {
        if name.starts_with("apply-") || name.starts_with("query-") {
            let request = protocol::parse::<protocol::Request>(&data[protocol::HEADER_LEN..]);
            assert!(request.is_ok(), "{name}: {request:?}");
        }
    }
}

fn replay(target: &str, body: fn(&[u8])) {
    for (name, data) in corpus(target) {
        // The captured output of a failing test names the input that it was at.
        println!("{name}");
        body(&data);
    }
}

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "the corpus of {target} is not in {}", folder.display());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}
