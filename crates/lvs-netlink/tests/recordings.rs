//! Replays what a kernel answered to netlink messages, to the byte (`tests/data/netlink`, made by its `record.py`).
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "a test program")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use lvs::Time;
use lvs::director::{Command, CommandError, Director, Query, Reply, Settings};
use lvs_netlink::options::{self, OptionValue};
use lvs_netlink::{Dialogue, Gone, Messages, Tables};

/// The address that the recorder's sockets have.
const PORT: u32 = 4242;
/// The room that it reads into.
const ROOM: usize = 1 << 17;

struct InMemory(Director);

impl InMemory {
    fn new() -> Self {
        Self(Director::new(Settings::default()))
    }
}

/// The recorder's host has one link, `lo`.
impl Tables for InMemory {
    fn apply(&mut self, command: Command) -> Result<Result<(), CommandError>, Gone> {
        let command = match command {
            Command::StartDaemon(spec) if spec.interface != "lo" => {
                return Ok(Err(CommandError::NoSuchInterface(spec.interface)));
            }
            Command::StartDaemon(spec) => Command::StartDaemon(spec.resolved(65_536)),
            command => command,
        };
        Ok(self.0.apply(&command, Time::ZERO))
    }

    fn query(&mut self, query: Query) -> Result<Result<Reply, CommandError>, Gone> {
        Ok(self.0.query(&query, Time::ZERO))
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/netlink")
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All answers to a datagram, one after the other; services in no particular order.
fn joined(datagrams: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let all = datagrams.concat();
    let mut messages: Vec<Vec<u8>> = Messages(&all).map(|message| message.bytes.to_vec()).collect();
    let is_dump = |message: &[u8]| message[6] & 2 != 0 && message[4] != 3;
    if messages.iter().filter(|message| is_dump(message)).count() > 1 {
        messages.sort();
    }
    messages
}

/// Exchanges that come out otherwise, by the line of the recording, with the reason.
fn expected_failures() -> BTreeMap<String, String> {
    let text = fs::read_to_string(data().join("expected-failures.txt")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| line.split_once("  ").map(|(what, why)| (what.to_owned(), why.trim().to_owned()));
    lines.map(|line| pair(line).unwrap_or_else(|| panic!("no reason: {line}"))).collect()
}

/// Line that the recorder would write of an option: the errno, and of one that is read what is in the room then.
fn option(sets: bool, asked: &str, tables: &mut InMemory) -> String {
    let mut words = asked.split(' ');
    let name: u32 = words.next().unwrap().parse().unwrap();
    if sets {
        let value = bytes(words.next().unwrap_or_default());
        return options::set(name, &value, tables).err().unwrap_or(0).to_string();
    }
    let len: usize = words.next().unwrap().parse().unwrap();
    let mut room = bytes(words.next().unwrap_or_default());
    let beginning = room[..len.min(options::LONGEST)].to_vec();
    match options::get(name, &beginning, len, tables) {
        Ok(OptionValue { bytes, told }) => {
            room[..bytes.len()].copy_from_slice(&bytes);
            format!("0 {told} {}", hex(&room))
        }
        Err(errno) => format!("{errno} {len} {}", hex(&room)),
    }
}

#[test]
fn answers_are_the_kernels_to_the_byte() {
    let text = fs::read_to_string(data().join("linux-6.1.txt")).unwrap();
    let expected = expected_failures();
    let mut lines = text.lines().zip(1..).peekable();
    let mut dialogue = Dialogue {
        family: 0,
        port: PORT,
        is_admin: true,
        ext_ack: false,
        cap_ack: false,
        room: ROOM,
        is_dumping: false,
    };
    let (mut tables, mut title, mut part) = (InMemory::new(), String::new(), String::new());
    let (mut compared, mut others, mut compared_options) = (0, 0, 0);
    let (mut differ, mut failed) = (BTreeSet::new(), Vec::new());
    while let Some((line, number)) = lines.next() {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "#" => {
                if let (0, Some(number)) = (dialogue.family, rest.strip_prefix("family ")) {
                    dialogue.family = number.parse().unwrap();
                } else if let Some(name) = rest.strip_prefix("begin ") {
                    part = name.to_owned();
                    tables = InMemory::new();
                    dialogue = Dialogue { is_admin: true, ext_ack: false, cap_ack: false, ..dialogue };
                }
                title = rest.to_owned();
            }
            "!" => {
                let (option, on) = rest.split_once(' ').unwrap();
                let target = match option {
                    "ext_ack" => &mut dialogue.ext_ack,
                    "cap_ack" => &mut dialogue.cap_ack,
                    _ => &mut dialogue.is_admin,
                };
                *target = on == "1";
            }
            ">" => {
                let sent = bytes(rest);
                let mut answers = Vec::new();
                while let Some((answer, _)) = lines.next_if(|(line, _)| line.starts_with("< ")) {
                    answers.push(bytes(&answer[2..]));
                }
                let mut ours = Vec::new();
                let mut is_other = false;
                for message in Messages(&sent) {
                    is_other |= !dialogue.is_ours(&message);
                    ours.extend(dialogue.answer(&message, &mut tables));
                }
                if is_other {
                    others += 1;
                    continue;
                }
                compared += 1;
                let (wanted, got) = (joined(&answers), joined(&ours));
                if wanted != got {
                    let place = number.to_string();
                    if !expected.contains_key(&place) {
                        let list = |messages: &[Vec<u8>]| {
                            messages.iter().map(|message| hex(message)).collect::<Vec<_>>().join("\n      ")
                        };
                        failed.push(format!(
                            "{place}: {part}: {title} (ext_ack {})\n    > {rest}\n    - {}\n    + {}",
                            dialogue.ext_ack,
                            list(&wanted),
                            list(&got)
                        ));
                    }
                    differ.insert(place);
                }
            }
            "S" | "G" if dialogue.is_admin => {
                let (asked, wanted) = rest.split_once(" = ").unwrap();
                let got = option(mark == "S", asked, &mut tables);
                compared_options += 1;
                if got != wanted {
                    let place = number.to_string();
                    if !expected.contains_key(&place) {
                        failed.push(format!("{place}: {part}: {title}\n    > {line}\n    + {got}"));
                    }
                    differ.insert(place);
                }
            }
            _ => {}
        }
    }
    assert!(compared_options > 600, "{compared_options} options");
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
    let unused: Vec<_> = expected.keys().filter(|place| !differ.contains(*place)).collect();
    assert!(unused.is_empty(), "listed, but they come out: {unused:?}");
    assert!(compared > 2000 && others < 20, "{compared} compared, {others} for other families");
}
