//! What our tools do beyond the classic ones: JSON, lossless and atomic restores, a director that is not there.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::fs;
use std::process::Output;

use crate::cli::Fixture;

const TABLE: &str = "\
ipvsadm -A -t 10.0.0.1:80 -s sh -b sh-port -p 60 -M 255.255.255.0
ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -i --tun-type gue --tun-port 6080 --tun-remcsum -w 3 -x 9 -y 4
ipvsadm -A -f 4294967295 -6 -s rr -p 5 -M 64
ipvsadm --set 100 20 30
ipvsadm --start-daemon backup --mcast-interface lo --syncid 9";

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn shell(fixture: &Fixture, line: &str) -> (String, Option<i32>) {
    let output = fixture.shell(line);
    (text(&output), output.status.code())
}

fn set_up() -> Fixture {
    let fixture = Fixture::new();
    for line in TABLE.lines() {
        assert_eq!(shell(&fixture, line), (String::new(), Some(0)), "{line}");
    }
    fixture
}

#[test]
fn json_keeps_its_schema() {
    let fixture = set_up();
    let counters = r#"{"conns":0,"in_packets":0,"out_packets":0,"in_bytes":0,"out_bytes":0}"#;
    let rates = r#"{"cps":0,"in_pps":0,"out_pps":0,"in_bps":0,"out_bps":0}"#;
    let services = format!(
        r#"{{"version":1,"services":[
        {{"fwmark":4294967295,"family":"ipv6","scheduler":"rr","scheduler_flags":[],"one_packet":false,
          "persistence":{{"timeout":5,"prefix":64}},"engine":null,"stats":{counters},"rates":{rates},"servers":[]}},
        {{"protocol":"tcp","address":"10.0.0.1","port":80,"scheduler":"sh","scheduler_flags":["sh-port"],
          "one_packet":false,"persistence":{{"timeout":60,"netmask":"255.255.255.0"}},"engine":null,
          "stats":{counters},"rates":{rates},"servers":[
            {{"address":"10.1.0.1","port":80,"forwarding":"tunnel",
              "tunnel":{{"type":"gue","port":6080,"checksum":"remote"}},"weight":3,
              "upper_threshold":9,"lower_threshold":4,"active_conns":0,"inactive_conns":0,
              "persistent_conns":0,"stats":{counters},"rates":{rates}}}]}}]}}"#
    );
    for (line, expected) in [
        ("ipvsadm -L --json", services.as_str()),
        ("ipvsadm -L --json -c", r#"{"version":1,"connections":[]}"#),
        ("ipvsadm -L --json --timeout", r#"{"version":1,"timeouts":{"tcp":100,"tcp_fin":20,"udp":30}}"#),
        (
            "ipvsadm -L --json --daemon",
            r#"{"version":1,"daemons":[{"role":"backup","interface":"lo","sync_id":9,"max_len":65507,
                "group":"224.0.0.81","port":8848,"ttl":1}]}"#,
        ),
    ] {
        let (text, status) = shell(&fixture, line);
        assert_eq!(status, Some(0), "{line}");
        let [actual, expected] = [text.as_str(), expected]
            .map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|_| panic!("{text}")));
        assert_eq!(actual, expected, "{line}");
    }
    assert_eq!(shell(&fixture, "ipvsadm -L --json -t 10.9.9.9:9"), ("No such service\n".to_owned(), Some(1)));
    assert_eq!(
        shell(&fixture, "ipvsadm -S --json"),
        ("Illegal 'json' option with the 'save' command\n".to_owned(), Some(2))
    );
}

#[test]
fn a_save_brings_everything_back() {
    let fixture = set_up();
    let (saved, status) = shell(&fixture, "tunvs save");
    assert_eq!(status, Some(0));
    assert_eq!(
        saved,
        "# tunvs save: all services, timeouts and sync daemons\n\
         --set 100 20 30\n\
         --start-daemon backup --mcast-interface lo --syncid 9 --sync-maxlen 65507 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1\n\
         -A -f 4294967295 -6 -s rr -p 5 -M 64\n\
         -A -t 10.0.0.1:80 -s sh -p 60 -M 255.255.255.0 -b flag-2\n\
         -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i -w 3 --tun-type gue --tun-port 6080 --tun-remcsum -x 9 -y 4\n"
    );
    let file = fixture.dir().join("saved");
    fs::write(&file, &saved).unwrap();
    shell(&fixture, "ipvsadm -C; ipvsadm --set 1 2 3; ipvsadm --stop-daemon backup");
    for restore in
        [format!("tunvs restore {}", file.display()), format!("tunvs restore - < {}", file.display())]
    {
        assert_eq!(shell(&fixture, &restore), (String::new(), Some(0)));
        assert_eq!(shell(&fixture, "tunvs save").0, saved);
    }
    let classic =
        format!("ipvsadm -C; ipvsadm --stop-daemon backup; grep -v '^#' {} | ipvsadm -R", file.display());
    assert_eq!(shell(&fixture, &classic), (String::new(), Some(0)));
    assert_eq!(shell(&fixture, "tunvs save").0, saved);
}

#[test]
fn a_restore_is_all_or_nothing() {
    let fixture = set_up();
    let before = shell(&fixture, "tunvs save").0;
    let file = fixture.dir().join("rules");
    for wrong in ["-A -t 10.0.0.2:80 -s nosuch", "-a -t 10.0.0.3:80 -r 10.1.1.1", "nonsense", "-L"] {
        fs::write(&file, format!("-A -t 10.0.0.7:80\n{wrong}\n-A -t 10.0.0.8:80\n")).unwrap();
        let (said, status) = shell(&fixture, &format!("tunvs restore {}", file.display()));
        assert!(said.starts_with(&format!("tunvs: {}: line 2: ", file.display())), "{said}");
        assert!(said.ends_with("; nothing was changed\n"), "{said}");
        assert_eq!(status, Some(1));
        assert_eq!(shell(&fixture, "tunvs save").0, before);
    }
}

#[test]
fn a_difference_is_shown_and_a_dry_run_changes_nothing() {
    let fixture = set_up();
    let before = shell(&fixture, "tunvs save").0;
    let file = fixture.dir().join("rules");
    fs::write(&file, "-A -t 10.0.0.1:80 -s sh -b sh-port -p 60 -M 255.255.255.0\n-A -u 10.0.0.1:53\n")
        .unwrap();
    let expected = "\
- -A -f 4294967295 -6 -s rr -p 5 -M 64
- -a -t 10.0.0.1:80 -r 10.1.0.1:80 -i -w 3 --tun-type gue --tun-port 6080 --tun-remcsum -x 9 -y 4
+ -A -u 10.0.0.1:53 -s wlc
";
    let restore = format!("tunvs restore {} --diff", file.display());
    assert_eq!(shell(&fixture, &format!("{restore} --dry-run")), (expected.to_owned(), Some(0)));
    assert_eq!(shell(&fixture, "tunvs save").0, before);
    assert_eq!(shell(&fixture, &restore), (expected.to_owned(), Some(0)));
    assert_eq!(shell(&fixture, &restore), (String::new(), Some(0)));
    assert_eq!(shell(&fixture, "ipvsadm -Sn").0.lines().count(), 2);
    assert_eq!(shell(&fixture, "ipvsadm -L --timeout").0, "Timeout (tcp tcpfin udp): 100 20 30\n");
}

#[test]
fn a_missing_director_is_named_in_one_line() {
    let fixture = Fixture::new();
    let nowhere = fixture.dir().join("nobody.sock");
    let expected = format!(
        "Can't initialize ipvs: no director answers at {}: start one with `tunvs run`\n",
        nowhere.display()
    );
    for line in
        ["ipvsadm", "ipvsadm -Ln", "ipvsadm -A -t 10.0.0.1:80", "echo -C | ipvsadm -R", "tunvs ipvsadm -S"]
    {
        let line = format!("export TUNVS_SOCKET={}\n{line}", nowhere.display());
        assert_eq!(shell(&fixture, &line), (expected.clone(), Some(2)), "{line}");
    }
    let chosen = format!("ipvsadm --socket {} -Ln", nowhere.display());
    assert_eq!(shell(&fixture, &chosen), (expected, Some(2)));
    assert_eq!(shell(&fixture, "TUNVS_SOCKET=/nowhere ipvsadm -v").1, Some(0));
}

#[test]
fn the_tools_go_by_several_names() {
    let fixture = Fixture::new();
    let (help, status) = shell(&fixture, "tunvs ipvsadm -h");
    assert_eq!(status, Some(0));
    assert!(help.contains("\n  ipvsadm -A|E virtual-service"), "{help}");
    assert_eq!(
        shell(&fixture, "tunvs ipvsadm-save -x").0.lines().next(),
        Some("ipvsadm-save: Script to save the IPVS table to stdout.")
    );
    assert_eq!(
        shell(&fixture, "exec -a /sbin/ipvsadm $(command -v ipvsadm) nonsense").0,
        "Try `/sbin/ipvsadm -h' or '/sbin/ipvsadm --help' for more information.\n"
    );
}

#[test]
fn manual_pages_and_completions_are_generated_for_every_command() {
    let fixture = Fixture::new();
    let (said, status) = shell(&fixture, &format!("tunvs generate {}/share", fixture.dir().display()));
    assert_eq!((said.as_str(), status), ("", Some(0)));
    let share = fixture.dir().join("share");
    for page in ["tunvs", "tunvs-run", "tunvs-save", "tunvs-restore", "tunvs-proc"] {
        let text = fs::read_to_string(share.join("man/man8").join(format!("{page}.8"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 8")), "{page}: {}", &text[..200]);
    }
    for path in [
        "bash-completion/completions/tunvs",
        "zsh/site-functions/_tunvs",
        "fish/vendor_completions.d/tunvs.fish",
    ] {
        assert!(fs::read_to_string(share.join(path)).unwrap().contains("restore"), "{path}");
    }
}

#[test]
fn bash_completes_what_fits_and_what_exists() {
    let fixture = set_up();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/completions/ipvsadm.bash");
    for (words, expected) in [
        (&["ipvsadm", "--add"][..], "--add-service\n--add-server\n"),
        (&["ipvsadm", "-A", "--sched"], "--scheduler\n--sched-flags\n"),
        (&["ipvsadm", "-A", "-s", "w"], "wrr\nwlc\n"),
        (&["ipvsadm", "-L", "-t", "10"], "10.0.0.1:80\n"),
        (&["ipvsadm", "-d", "-r", ""], "10.1.0.1:80\n"),
    ] {
        let last = words.len() - 1;
        let line = format!(
            ". {script}; COMP_WORDS=({}); COMP_CWORD={last}; _ipvsadm ipvsadm '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words[last],
            words[last - 1]
        );
        assert_eq!(shell(&fixture, &line).0, expected, "{words:?}");
    }
}

#[test]
fn the_status_of_the_tables_is_shown_as_by_linux_7_3() {
    let fixture = Fixture::new();
    let rest = "Stats thread slots:\t1 (max 0)\nStats chain max len:\t0\nStats thread ests:\t0\n";
    let shows = |expected: &str| {
        assert_eq!(shell(&fixture, "tunvs proc net/ip_vs_status"), (format!("{expected}{rest}"), Some(0)));
    };
    shows(
        "Conns:\t0\nConn buckets:\t0 (0 bits, lfactor 0)\nServices:\t0\nService buckets:\t0 (0 bits, lfactor 0)\n",
    );
    shell(&fixture, "ipvsadm -A -t 127.0.0.1:80 -s rr");
    shows(
        "Conns:\t0\nConn buckets:\t256 (8 bits, lfactor -4)\nServices:\t1\n\
         Service buckets:\t16 (4 bits, lfactor -3)\nService buckets empty:\t15 (93%)\n\
         Service buckets len-1:\t1 (100%)\n",
    );
    for line in ["ipvsadm -A -u 127.0.0.1:53 -s rr", "ipvsadm -A -f 7 -s rr", "ipvsadm -A -t [::1]:80 -s rr"]
    {
        shell(&fixture, line);
    }
    for setting in ["svc_lfactor=-8", "conn_lfactor=2"] {
        shell(&fixture, &format!("tunvs sysctl {setting}"));
    }
    let (text, _) = shell(&fixture, "tunvs proc net/ip_vs_status");
    for line in [
        "Conn buckets:\t256 (8 bits, lfactor 2)",
        "Services:\t4",
        "Service buckets:\t1024 (10 bits, lfactor -8)",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let (text, status) = shell(&fixture, "tunvs sysctl conn_lfactor -2");
    assert!(text.starts_with("net.ipv4.vs.conn_lfactor = -2") && status == Some(0), "{text}");
    for name in ["conn_lfactor=9", "svc_lfactor=-9", "conn_max=-1", "conn_max=1073741825"] {
        assert_eq!(shell(&fixture, &format!("tunvs sysctl {name}")).1, Some(1), "{name}");
    }
    assert_eq!(shell(&fixture, "tunvs sysctl conn_max").0, "net.ipv4.vs.conn_max = 1073741824\n");
}

#[test]
fn full_nat_is_listed_saved_and_restored() {
    let fixture = Fixture::new();
    for line in [
        "ipvsadm -A -t 10.0.0.1:80 -s rr",
        "ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:8080 --fullnat -w 3",
        "ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.2:8080 -m",
        "ipvsadm -e -t 10.0.0.1:80 -r 10.1.0.2:8080 --fullnat",
    ] {
        assert_eq!(shell(&fixture, line), (String::new(), Some(0)), "{line}");
    }
    let rules = "-A -t 10.0.0.1:80 -s rr\n\
                 -a -t 10.0.0.1:80 -r 10.1.0.1:8080 --fullnat -w 3\n\
                 -a -t 10.0.0.1:80 -r 10.1.0.2:8080 --fullnat -w 1\n";
    assert_eq!(shell(&fixture, "ipvsadm -Sn"), (rules.to_owned(), Some(0)));
    let listing = shell(&fixture, "ipvsadm -Ln").0;
    assert!(
        listing.contains("  -> 10.1.0.1:8080                FullNat 3      0          0         \n"),
        "{listing}"
    );
    assert!(shell(&fixture, "ipvsadm -Ln --json").0.contains(r#""forwarding": "fullnat""#));
    assert!(shell(&fixture, "tunvs save").0.contains("-r 10.1.0.1:8080 --fullnat -w 3"));
    assert_eq!(
        shell(&fixture, "rules=$(ipvsadm -Sn); ipvsadm-restore <<<\"$rules\"; ipvsadm -Sn"),
        (rules.to_owned(), Some(0))
    );
    for (line, complaint) in [
        (
            "ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.3 --fullnat -m",
            "multiple 'forwarding-method' options specified",
        ),
        ("ipvsadm -a -t 10.0.0.1:80 -r [fd00::1]:80 --fullnat", "Different address family"),
        ("ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.3 --fullnat --tun-type gre", "Tunnel options conflict"),
    ] {
        let output = fixture.shell(line);
        let said = text(&output);
        assert!(!output.status.success() && said.contains(complaint), "{line}: {said}");
    }
}

#[test]
fn ways_to_hand_the_clients_address_on_are_listed_saved_and_restored() {
    let fixture = Fixture::new();
    for line in [
        "ipvsadm -A -t 10.0.0.1:80 -s rr --proxy-protocol v1",
        "ipvsadm -A -t 10.0.0.1:81 -s rr --toa",
        "ipvsadm -A -t 10.0.0.1:82 -s rr",
        "ipvsadm -E -t 10.0.0.1:82 -s rr --proxy-protocol v2",
        "ipvsadm -a -t 10.0.0.1:82 -r 10.1.0.1 --fullnat",
    ] {
        assert_eq!(shell(&fixture, line), (String::new(), Some(0)), "{line}");
    }
    let rules = "-A -t 10.0.0.1:80 -s rr --proxy-protocol v1\n\
                 -A -t 10.0.0.1:81 -s rr --toa\n\
                 -A -t 10.0.0.1:82 -s rr --proxy-protocol v2\n\
                 -a -t 10.0.0.1:82 -r 10.1.0.1:82 --fullnat -w 1\n";
    assert_eq!(shell(&fixture, "ipvsadm -Sn"), (rules.to_owned(), Some(0)));
    let again = "rules=$(tunvs save); ipvsadm -C; tunvs restore - <<<\"$rules\"; ipvsadm -Sn";
    assert_eq!(shell(&fixture, again), (rules.to_owned(), Some(0)));
    let listing = shell(&fixture, "ipvsadm -Ln").0;
    assert!(
        listing.contains("TCP  10.0.0.1:80 rr proxy-protocol v1\nTCP  10.0.0.1:81 rr toa\n"),
        "{listing}"
    );
    let json = shell(&fixture, "ipvsadm -Ln --json").0;
    assert!(json.contains(r#""proxy_protocol": "v1""#) && json.contains(r#""toa": true"#), "{json}");
    for (line, complaint) in [
        ("ipvsadm -A -u 10.0.0.1:90 --proxy-protocol v2", "only TCP streams can tell"),
        ("ipvsadm -A --sctp-service 10.0.0.1:90 --toa", "only TCP streams can tell"),
        ("ipvsadm -A -t 10.0.0.1:90 --proxy-protocol v3", "illegal proxy-protocol `v3' specified: v1 or v2"),
        ("ipvsadm -A -t 10.0.0.1:90 --proxy-protocol v1 --toa", "exclude each other"),
        ("ipvsadm -A -u 10.0.0.1:90 --toa", "UDP 10.0.0.1:90 is no TCP service"),
        ("ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -g", "10.1.0.1:80 needs -m or --fullnat"),
        (
            "ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1 -m --toa",
            "Illegal 'toa' option with the 'add-server' command",
        ),
    ] {
        let output = fixture.shell(line);
        let said = text(&output);
        assert!(!output.status.success() && said.contains(complaint), "{line}: {said}");
    }
}

#[test]
fn the_admission_of_clients_is_listed_saved_restored_and_converted() {
    let fixture = Fixture::new();
    let options = "--syn-defence auto --client-limit rate=20,burst=40,conns=200,prefix=24";
    let add = format!("-A -t 10.0.0.1:80 -s rr {options}");
    assert_eq!(shell(&fixture, &format!("ipvsadm {add}")), (String::new(), Some(0)));
    assert_eq!(shell(&fixture, "ipvsadm -Sn"), (format!("{add}\n"), Some(0)));
    let listed = shell(&fixture, "ipvsadm -Ln --json").0;
    for part in [r#""syn_defence": "auto""#, r#""client_limit": {"#, r#""prefix": 24"#] {
        assert!(listed.contains(part), "{listed}");
    }
    let converted = shell(&fixture, "tunvs save | tunvs convert /dev/stdin").0;
    let limit = "client_limit = { rate = 20, burst = 40, conns = 200, prefix = 24 }\n";
    assert!(converted.contains("syn_defence = \"auto\"\n") && converted.contains(limit), "{converted}");
    let lists = "-A -t 10.0.0.1:81 -s rr --allow /etc/a --deny /etc/d";
    let converted = shell(&fixture, &format!("echo '{lists}' | tunvs convert /dev/stdin")).0;
    assert!(
        converted.contains("allow = \"/etc/a\"\n") && converted.contains("deny = \"/etc/d\"\n"),
        "{converted}"
    );
    for (wrong, complaint) in [
        ("--syn-defence maybe", "illegal syn-defence `maybe' specified"),
        ("--client-limit rate=0", "illegal client-limit `rate=0' specified"),
        ("--client-limit conns=5,prefix=33", "illegal client-limit"),
        ("--client-limit speed=5", "illegal client-limit"),
        ("--deny here", "illegal path `here' specified"),
    ] {
        let said = shell(&fixture, &format!("ipvsadm -A -t 10.0.0.1:82 -s rr {wrong} 2>&1"));
        assert!(said.0.contains(complaint) && said.1 != Some(0), "{wrong}: {said:?}");
    }
}

#[test]
fn adopt_is_listed_saved_restored_and_converted() {
    let fixture = Fixture::new();
    let rules = "-A -t 10.0.0.1:80 -s mh --adopt\n";
    assert_eq!(shell(&fixture, "ipvsadm -A -t 10.0.0.1:80 -s mh --adopt"), (String::new(), Some(0)));
    assert_eq!(shell(&fixture, "ipvsadm -Sn"), (rules.to_owned(), Some(0)));
    assert!(shell(&fixture, "ipvsadm -Ln --json").0.contains(r#""adopt": true"#));
    let converted = shell(&fixture, "tunvs save | tunvs convert /dev/stdin").0;
    assert!(converted.contains("adopt = true\n"), "{converted}");
}

#[test]
fn rst_on_expire_is_listed_saved_restored_and_converted() {
    let fixture = Fixture::new();
    let rules = "-A -t 10.0.0.1:80 -s rr --rst-on-expire\n";
    assert_eq!(shell(&fixture, "ipvsadm -A -t 10.0.0.1:80 -s rr --rst-on-expire"), (String::new(), Some(0)));
    assert_eq!(shell(&fixture, "ipvsadm -Sn"), (rules.to_owned(), Some(0)));
    assert!(shell(&fixture, "ipvsadm -Ln --json").0.contains(r#""rst_on_expire": true"#));
    let converted = shell(&fixture, "tunvs save | tunvs convert /dev/stdin").0;
    assert!(converted.contains("rst_on_expire = true\n"), "{converted}");
}
