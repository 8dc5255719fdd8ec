//! Plays the recorded cases of the kernel's IPVS against the director, in memory and with a clock of its own: those of
//! Linux 6.1, and where later kernels differ theirs (`TUNVS_KERNEL` chooses one).
//!
//! `tests/datapath/expected-failures.txt` lists the cases that do not come out yet, and why. A listed case that
//! comes out is an error too, so the list only gets shorter. `DATAPATH=REGEX-free part of an id` plays only the
//! cases whose name contains it, and shows every difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test")]

#[path = "datapath/case.rs"]
mod case;
#[path = "datapath/compare.rs"]
mod compare;
#[path = "datapath/describe.rs"]
mod describe;
#[path = "datapath/flow.rs"]
mod flow;
#[path = "datapath/fragments.rs"]
mod fragments;
#[path = "datapath/listing.rs"]
mod listing;
#[path = "datapath/network.rs"]
mod network;
#[path = "datapath/packet.rs"]
pub(crate) mod packet;
#[path = "datapath/play.rs"]
mod play;
#[path = "datapath/seen.rs"]
pub(crate) mod seen;
#[path = "datapath/sync.rs"]
mod sync;

use std::collections::BTreeMap;

use case::Case;
use lvs::director::Kernel;
use network::{Checksums, Way};

use crate::kernels::{self, Differences};
use play::Player;

/// Cases that are known not to come out, with the reason.
fn expected_failures() -> BTreeMap<String, String> {
    let lines = include_str!("datapath/expected-failures.txt").lines();
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(' ')
                .map_or((line.to_owned(), String::new()), |(id, why)| (id.to_owned(), why.trim().to_owned()))
        })
        .collect()
}

/// What differs in a case from what a kernel did; None when nothing does.
fn play(case: &Case, (kernel, differences): (Kernel, &Differences), how: (Checksums, Way)) -> Option<String> {
    let own = differences.get(&case.id);
    let mut player = match Player::new(case, kernel, how) {
        Ok(player) => player,
        Err(why) => return Some(format!("  {why}")),
    };
    let mut report = Vec::new();
    for (number, event) in case.events.iter().enumerate() {
        let wanted = own.and_then(|own| own.get(&number)).unwrap_or(&event.result);
        let difference = match player.event(event) {
            Ok(got) if compare::same(wanted, &got) => continue,
            Ok(got) => compare::difference(wanted, &got),
            Err(why) => format!("    {why}"),
        };
        let fields = serde_json::Value::Object(event.fields.clone()).to_string();
        let fields: String = fields.chars().take(200).collect();
        report.push(format!("  event {number} {} {fields}\n{difference}", event.op));
        if report.len() == 4 {
            break;
        }
    }
    (!report.is_empty()).then(|| report.join("\n"))
}

fn play_folder(name: &str) {
    let cases = case::folder(name);
    for kernel in kernels::wanted() {
        play_cases(&cases, kernel);
    }
}

fn play_cases(cases: &[Case], kernel: Kernel) {
    let expected = expected_failures();
    let differences = kernels::differences(kernel);
    let only = std::env::var("DATAPATH").ok();
    let (mut wrong, mut played) = (Vec::new(), 0);
    for case in cases {
        if only.as_ref().is_some_and(|only| !case.id.contains(only.as_str())) {
            continue;
        }
        played += 1;
        let like = (kernel, &differences);
        let result = std::panic::catch_unwind(|| {
            let ways = [Way::Director, Way::Fast].into_iter();
            let mut all = ways.flat_map(|way| [(Checksums::Sender, way), (Checksums::Card, way)]);
            all.find_map(|how| play(case, like, how).map(|report| format!("  {how:?}\n{report}")))
        })
        .unwrap_or_else(|_| Some("  panic".to_owned()));
        match (result, expected.get(&case.id)) {
            (Some(report), None) => wrong.push(format!("{}: {}\n{report}", case.id, case.title)),
            (Some(report), Some(why)) if only.is_some() => {
                eprintln!("{} (expected: {why})\n{report}", case.id);
            }
            (None, Some(_)) => {
                wrong.push(format!("{} comes out: take it off expected-failures.txt", case.id))
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    assert!(played > 0 || only.is_some(), "no cases");
    assert!(wrong.is_empty(), "Linux {kernel}, {} of {played} cases:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! folders {
    ($($test:ident => $folder:literal,)*) => {
        $(
            #[test]
            fn $test() {
                play_folder($folder);
            }
        )*

        /// Every listed case exists.
        #[test]
        fn expected_failures_are_cases() {
            let ids: Vec<String> =
                [$($folder),*].into_iter().flat_map(case::folder).map(|case| case.id).collect();
            for (id, why) in expected_failures() {
                assert!(ids.contains(&id), "{id} is no case");
                assert!(!why.is_empty(), "{id} is listed without a reason");
            }
            for kernel in Kernel::ALL {
                for id in kernels::differences(kernel).keys() {
                    assert!(ids.contains(id), "{kernel}: {id} is no case");
                }
            }
        }
    };
}

folders! {
    schedulers => "schedulers",
    tcp_states => "tcp-states",
    persistence => "persistence",
    limits => "limits",
    udp_icmp => "udp-icmp",
    reuse => "reuse",
    bytes => "bytes",
    stats => "stats",
    sync => "sync",
    sync_more => "sync-more",
    even_more => "even-more",
    more => "more",
    bad_servers => "bad-servers",
    overload => "overload",
    tunnel_errors => "tunnel-errors",
    fragments_ => "fragments",
    sip => "sip",
    ipsec => "ipsec",
    odd_packets => "odd-packets",
    random => "random",
}
