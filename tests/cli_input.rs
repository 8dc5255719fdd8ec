//! Bad input: refused in ipvsadm's words, and the table stays as it was.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::process::{Output, Stdio};

use crate::cli::Fixture;

const TABLE: &str = "\
ipvsadm -A -t 10.0.0.1:80 -s rr -p 60
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -w 3
ipvsadm -A -f 7 -6";

const VIRTUAL: &str = "illegal virtual server address[:port] specified";
const REAL: &str = "illegal real server address[:port] specified";
const UNKNOWN: &str = "Scheduler or persistence engine not found";
const INVALID: &str = "Invalid operation.  Possibly wrong module version, address not unicast, ...";

fn set_up() -> Fixture {
    let fixture = Fixture::new();
    for line in TABLE.lines() {
        assert!(fixture.shell(line).status.success());
    }
    fixture
}

fn table(fixture: &Fixture) -> String {
    String::from_utf8(fixture.shell("tunvs save").stdout).unwrap()
}

fn run(fixture: &Fixture, words: &[Vec<u8>]) -> Output {
    let words = words.iter().map(|word| OsString::from_vec(word.clone()));
    fixture.program("ipvsadm").args(words).output().unwrap()
}

fn restore(fixture: &Fixture, input: &[u8]) -> Output {
    let mut child = fixture
        .program("ipvsadm")
        .arg("-R")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn words(line: &str) -> Vec<Vec<u8>> {
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}

fn assert_refused(output: &Output, status: i32, message: &[u8], what: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, format!("{}\n", String::from_utf8_lossy(message)), "{what}");
    assert_eq!(output.status.code(), Some(status), "{what}");
    assert!(output.stdout.is_empty(), "{what}");
}

#[test]
fn values_out_of_range_are_refused() {
    let fixture = set_up();
    let before = table(&fixture);
    for (line, status, message) in [
        ("-A -t 256.0.0.1:80", 2, VIRTUAL),
        ("-A -t 10.0.0.1:65536", 2, VIRTUAL),
        ("-A -t [2001:db8::g]:80", 2, VIRTUAL),
        ("-A -t 10.0.0.2:0", 2, "Zero port specified for non-persistent service"),
        ("-A -t 10.0.0.2:80 -p 2678401", 2, "invalid timeout value `2678401' specified"),
        ("-A -t 10.0.0.2:80 -p -M 256.0.0.0", 2, "illegal virtual server persistent mask specified"),
        ("-A -t [2001:db8::1]:80 -p -M 129", 2, "illegal ipv6 netmask specified"),
        ("-A -f 4294967296", 2, "invalid fwmark value `4294967296' specified"),
        ("-A -t 10.0.0.2:80 -s nosuch", 255, UNKNOWN),
        ("-a -t 10.0.0.1:80 -r 10.1.0.2 -w 2147483648", 2, "illegal weight specified"),
        ("-a -t 10.0.0.1:80 -r 10.1.0.2 -w -1", 2, "illegal weight specified"),
        ("-a -t 10.0.0.1:80 -r 10.1.0.2 -x 2147483648", 2, "illegal u_threshold specified"),
        ("-a -t 10.0.0.1:80 -r 10.1.0.2 -y 1", 255, "Numerical result out of range"),
        ("-a -t 10.0.0.1:80 -r 10.1.0.256", 2, REAL),
        ("-a -t 10.0.0.1:80 -r 224.0.0.1", 255, INVALID),
        ("-a -t 10.0.0.1:80 -r 10.1.0.2 -i --tun-type gue --tun-port 0", 2, "illegal tunnel port specified"),
        ("--set 2678401 0 0", 2, "invalid timeout value `2678401' specified"),
        ("--start-daemon master --syncid 256", 2, "illegal syncid specified"),
        ("--start-daemon master --mcast-group 10.0.0.1", 2, "invalid IPv4 mcast-group `10.0.0.1'"),
        ("--start-daemon master --mcast-interface nosuch0", 255, "No such device"),
    ] {
        assert_refused(&run(&fixture, &words(line)), status, message.as_bytes(), line);
        assert_eq!(table(&fixture), before, "{line}");
    }
}

#[test]
fn long_arguments_are_refused() {
    let fixture = set_up();
    let before = table(&fixture);
    let long = "x".repeat(10_000);
    let digits = "1".repeat(10_000);
    for (line, status, message) in [
        (format!("-A -t {long}:80"), 2, VIRTUAL.to_owned()),
        (format!("-A -t {digits}:80"), 2, VIRTUAL.to_owned()),
        (format!("-A -t 10.0.0.2:{digits}"), 2, VIRTUAL.to_owned()),
        (format!("-A -t 10.0.0.2:80 -s {long}"), 255, UNKNOWN.to_owned()),
        (format!("-A -t 10.0.0.2:80 --pe {long}"), 255, UNKNOWN.to_owned()),
        (format!("-A -t 10.0.0.2:80 -b {long}"), 2, format!("invalid scheduler flag `{long}'")),
        (format!("-A -t 10.0.0.2:80 {long}"), 2, format!("unexpected argument {long}")),
        (format!("-A -t 10.0.0.2:80 --{long}"), 255, format!("--{long}: unknown option")),
        (format!("-a -t 10.0.0.1:80 -r 10.1.0.2 -w {digits}"), 2, "illegal weight specified".to_owned()),
        (format!("-A -f {digits}"), 2, format!("invalid fwmark value `{digits}' specified")),
        (format!("--start-daemon master --mcast-interface {long}"), 255, "No such device".to_owned()),
    ] {
        assert_refused(&run(&fixture, &words(&line)), status, message.as_bytes(), &line[..40]);
        assert_eq!(table(&fixture), before, "{}", &line[..40]);
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_and_quoted_as_they_are() {
    let fixture = set_up();
    let before = table(&fixture);
    let bad = b"\xff\xfe".as_slice();
    for (line, status, message) in [
        (["-A", "-t"].as_slice(), 2, VIRTUAL.as_bytes().to_vec()),
        (&["-a", "-t", "10.0.0.1:80", "-r"], 2, REAL.as_bytes().to_vec()),
        (&["-A", "-t", "10.0.0.2:80", "-s"], 255, UNKNOWN.as_bytes().to_vec()),
        (&["-A", "-t", "10.0.0.2:80"], 2, [b"unexpected argument ", bad].concat()),
        (&["-A", "-t", "10.0.0.2:80", "-b"], 2, [b"invalid scheduler flag `", bad, b"'"].concat()),
        (&["-A", "-f"], 2, [b"invalid fwmark value `", bad, b"' specified"].concat()),
        (&["--start-daemon", "master", "--mcast-interface"], 255, b"No such device".to_vec()),
    ] {
        let mut words: Vec<Vec<u8>> = line.iter().map(|word| word.as_bytes().to_vec()).collect();
        words.push(bad.to_vec());
        let output = run(&fixture, &words);
        assert_eq!(output.stderr, [message.as_slice(), b"\n"].concat());
        assert_refused(&output, status, &message, &format!("{line:?}"));
        assert_eq!(table(&fixture), before, "{line:?}");
    }
}

#[test]
fn bad_lines_of_a_restore_leave_the_table_as_it_was() {
    let fixture = set_up();
    let before = table(&fixture);
    let long = "x".repeat(100_000);
    for (input, status, message) in [
        (b"\0\n".to_vec(), 255, "Try `".to_owned()),
        (b"-A -t 10.0.0.2\0:80\n".to_vec(), 2, "Zero port".to_owned()),
        (b"-A -t 10.0.0.2:80 \0\n".to_vec(), 2, "unexpected argument \n".to_owned()),
        (b"\xff\xff\xff\n".to_vec(), 255, "Try `".to_owned()),
        (b"-A -t \xff:80\n".to_vec(), 2, VIRTUAL.to_owned()),
        (format!("-A -t {long}:80\n").into_bytes(), 2, VIRTUAL.to_owned()),
        (format!("{long}\n").into_bytes(), 255, "Try `".to_owned()),
        (b"-a -t 10.0.0.1:80 -r 10.1.0.2 -w 99999999999\n".to_vec(), 2, "illegal weight".to_owned()),
        (b"-A -t 10.0.0.2:80 -s nosuch".to_vec(), 255, UNKNOWN.to_owned()),
    ] {
        let output = restore(&fixture, &input);
        let what = String::from_utf8_lossy(&input[..input.len().min(40)]).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.starts_with(&message), "{what}: {said}");
        assert_eq!(output.status.code(), Some(status), "{what}");
        assert_eq!(table(&fixture), before, "{what}");
    }
}
