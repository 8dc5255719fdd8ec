//! Many services: each of listing, saving and restoring 10,000 services with 10 servers takes less than 2 seconds
//! in a release build. A debug build does a tenth of it. The time is the processor's, of both ends: what else the
//! machine has to do is not in it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that shows the times it takes")]

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use crate::cli::Fixture;

const SERVICES: u32 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
const SERVERS: u32 = 10;
const LIMIT: Duration = Duration::from_secs(2);

/// What the line wrote. Its programs leave their times in a file, as the shell says them: `0m0.010s 0m0.002s`.
fn timed(fixture: &Fixture, line: &str) -> String {
    let times = fixture.dir().join("times");
    let before = fixture.server_time();
    let output = fixture.shell(&format!("{line}\nstatus=$?; times > {}; exit $status", times.display()));
    let tools: Duration = fs::read_to_string(times).unwrap().split_whitespace().map(duration).sum();
    let took = tools + fixture.server_time() - before;
    println!("{took:7.0?}  {line}");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stdout));
    assert!(took < LIMIT, "{line} took {took:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn duration(text: &str) -> Duration {
    let (minutes, seconds) = text.strip_suffix('s').and_then(|text| text.split_once('m')).unwrap();
    Duration::from_secs_f64(minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap())
}

#[test]
fn many_services_are_listed_saved_and_restored_in_time() {
    let fixture = Fixture::new();
    let mut rules = String::new();
    for service in 0..SERVICES {
        let [_, a, b, c] = service.to_be_bytes();
        writeln!(rules, "-A -t 10.{a}.{b}.{c}:80 -s wrr").unwrap();
        for server in 1..=SERVERS {
            let line = format!("-a -t 10.{a}.{b}.{c}:80 -r 10.2{a}.{b}.{server}:80 -m -w {server}");
            writeln!(rules, "{line}").unwrap();
        }
    }
    let file = fixture.dir().join("rules");
    fs::write(&file, &rules).unwrap();
    let file = file.display();
    let lines = usize::try_from(SERVICES * (SERVERS + 1)).unwrap();

    timed(&fixture, &format!("ipvsadm -R < {file}"));
    assert_eq!(timed(&fixture, "ipvsadm -Ln").lines().count(), lines + 3);
    assert_eq!(timed(&fixture, "ipvsadm -Sn").lines().count(), lines);
    timed(&fixture, &format!("ipvsadm-restore < {file}"));
    assert_eq!(timed(&fixture, "ipvsadm-save -n").lines().count(), lines);
    assert_eq!(timed(&fixture, "tunvs save").lines().count(), lines + 2);
    timed(&fixture, &format!("tunvs restore {file}"));
    assert_eq!(timed(&fixture, &format!("tunvs restore --dry-run --diff {file}")), "");
    timed(&fixture, "ipvsadm -Ln --json");
    timed(&fixture, "tunvs proc net/ip_vs");
    timed(&fixture, "ipvsadm -C");
}
