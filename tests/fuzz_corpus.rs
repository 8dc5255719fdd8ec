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

/// Changed at random, from the corpus: FUZZ_RUNS inputs (2,000 if nobody says) from FUZZ_SEED on, each of which is one of its own.
#[test]
fn netlink_messages_that_lie_are_survived() {
    let number = |name: &str, most: u64| std::env::var(name).map_or(most, |text| text.parse().unwrap());
    let (runs, first) = (number("FUZZ_RUNS", 2_000), number("FUZZ_SEED", 1));
    let inputs: Vec<Vec<u8>> = corpus("netlink").into_iter().map(|(_, data)| data).collect();
    for seed in first..first + runs {
        let mut dice = Dice(seed);
        let mut data = inputs[dice.below(inputs.len())].clone();
        for _ in 0..=dice.below(6) {
            change(&mut data, &inputs, &mut dice);
        }
        let outcome = std::panic::catch_unwind(|| bodies::netlink(&data));
        assert!(outcome.is_ok(), "FUZZ_SEED={seed} FUZZ_RUNS=1: {data:?}");
    }
}

/// Changes one thing: a bit, a byte, a length, a stretch that is lost, doubled or of another input.
fn change(data: &mut Vec<u8>, inputs: &[Vec<u8>], dice: &mut Dice) {
    const ODD: [u16; 8] = [0, 1, 3, 4, 16, 0x7fff, 0x8000, 0xffff];
    let at = dice.below(data.len() + 1);
    let end = (at + dice.below(24)).min(data.len());
    match dice.below(8) {
        0 if at < data.len() => data[at] ^= 1 << dice.below(8),
        1 if at < data.len() => data[at] = dice.next() as u8,
        2 | 3 if at + 2 <= data.len() => {
            let at = at & !1;
            let value = if dice.below(2) == 0 { ODD[dice.below(8)] } else { dice.below(40) as u16 };
            data[at..at + 2].copy_from_slice(&value.to_ne_bytes());
        }
        4 => drop(data.drain(at..end)),
        5 => {
            let copy = data[at..end].to_vec();
            data.splice(at..at, copy);
        }
        6 => {
            let other = &inputs[dice.below(inputs.len())];
            let from = dice.below(other.len() + 1);
            data.extend(&other[from..]);
            data.truncate(1 << 14);
        }
        _ => data.truncate(at),
    }
}

/// Numbers that follow from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
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
