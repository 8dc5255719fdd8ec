use super::lines::{COMPLETE, write};
use super::read::tables;
use crate::NoNames;
use lvs::director::{Command, CommandError, Director, Settings, Tables};
use lvs::time::Time;

const FILE: &str = "\
--set 100 20 30
--start-daemon backup --mcast-interface lo --syncid 7 --sync-maxlen 1472 --mcast-group ff02::81 --mcast-port 8848 --mcast-ttl 1
-A -t 10.0.0.1:80 -s wlc
-a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 1 -x 10 -y 5
-a -t 10.0.0.1:80 -r 10.1.0.1:80 -g -w 0
-A -u [2001:db8::1]:53 -s sh -p 60 -M 64 --pe sip -o -b flag-1,flag-3
-A -f 4294967295 -6 -s none
-a -f 4294967295 -6 -r [2001:db8::9]:0 -i -w 65536 --tun-type gue --tun-port 6080 --tun-remcsum
";

fn director(file: &str) -> Director {
    let director = Director::new(Settings::default());
    replace(&director, file).unwrap();
    director
}

fn replace(director: &Director, file: &str) -> Result<(), CommandError> {
    director.apply(&Command::Replace(tables(file.as_bytes(), &NoNames).unwrap()), Time::ZERO)
}

fn saved(director: &Director) -> String {
    let mut out = Vec::new();
    let tables = Tables::present(|query| director.query(&query, Time::ZERO)).unwrap();
    write(&mut out, &tables).unwrap();
    String::from_utf8(out).unwrap()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_is_saved_is_restored_without_loss() {
    let once = saved(&director(FILE));
    assert_eq!(sorted(&once), sorted(&format!("{COMPLETE}\n{FILE}")));
    assert_eq!(saved(&director(&once)), once);
}

#[test]
fn a_file_that_is_not_complete_leaves_alone_what_it_does_not_name() {
    let director = director("--set 1 2 3\n-A -t 10.0.0.1:80\n");
    replace(&director, "-A -t 10.0.0.2:80\n").unwrap();
    let text = saved(&director);
    assert!(text.contains("--set 1 2 3\n") && text.contains("10.0.0.2") && !text.contains("10.0.0.1"));
}

#[test]
fn a_complete_file_stops_daemons_that_it_does_not_name() {
    let director = director("--start-daemon master --mcast-interface lo\n");
    replace(&director, "-C\n").unwrap();
    assert!(saved(&director).contains("--start-daemon"));
    replace(&director, &format!("{COMPLETE}\n")).unwrap();
    assert!(!saved(&director).contains("--start-daemon"));
}

#[test]
fn a_wrong_line_is_named() {
    for (line, reason) in [
        ("-A -t 10.0.0.1:80", "Service already exists"),
        ("-a -t 10.0.0.9:80 -r 10.1.1.1", "Service not defined"),
        ("-A -t 10.0.0.2:80 -s wrrr", "Scheduler or persistence engine not found, did you mean `wrr`?"),
        ("-A -t bad", "illegal virtual server address[:port] specified"),
        ("-A -q", "-q: unknown option"),
        ("garbage", "this is no command: a line begins with one, such as -A or -a"),
        ("-L", "list changes nothing, and so has no place here"),
    ] {
        let file = format!("# comment\n-A -t 10.0.0.1:80\n{line}\n");
        let error = tables(file.as_bytes(), &NoNames).unwrap_err();
        assert_eq!((error.number, error.reason.as_str()), (3, reason));
    }
}

#[test]
fn the_difference_is_told_in_lines() {
    let present =
        tables(b"-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m\n", &NoNames).unwrap();
    let wanted =
        tables(b"-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 2\n", &NoNames).unwrap();
    let mut out = Vec::new();
    super::write_difference(&mut out, &present, &wanted).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "- -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1\n+ -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 2\n"
    );
}
