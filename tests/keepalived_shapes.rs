//! Configurations in the shapes that real ones have: every kind of service with every group of keywords, written in
//! every way that files are written in. What each must set follows from its description, not from the reader, and is what
//! keepalived 2.4.3 set from the same files. `SHAPES_TO=FOLDER` writes them there, for `record-shapes`.

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use lvs_config::keepalived::{self, surroundings::Memory};
use lvs_config::note::NoteKind;
use lvs_config::{Config, Declared};
use md5::{Digest, Md5};

use crate::keepalived_corpus::{paragraphs, table};

/// Shapes that a real keepalived has read.
const RECORDED: usize = 46;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Tcp,
    Udp,
    Six,
    Mark,
    Group,
}

const KINDS: [Kind; 5] = [Kind::Tcp, Kind::Udp, Kind::Six, Kind::Mark, Kind::Group];

impl Kind {
    fn says(self) -> &'static str {
        match self {
            Self::Tcp => "10.0.0.1 80",
            Self::Udp => "10.0.0.1 53",
            Self::Six => "fd00::183 443",
            Self::Mark => "fwmark 7",
            Self::Group => "group web",
        }
    }

    /// As `ipvsadm -S` names the services.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Tcp => &["-t 10.0.0.1:80"],
            Self::Udp => &["-u 10.0.0.1:53"],
            Self::Six => &["-t [fd00::183]:443"],
            Self::Mark => &["-f 7"],
            Self::Group => &[
                "-t 10.0.0.1:80",
                "-t 10.0.0.10:80",
                "-t 10.0.0.11:80",
                "-t 10.0.0.12:80",
                "-t 10.0.0.32:80",
                "-t 10.0.0.33:80",
                "-f 33",
            ],
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Tcp | Self::Group | Self::Mark => 80,
            Self::Udp => 53,
            Self::Six => 443,
        }
    }

    /// The servers' network, up to what each has of its own.
    const fn net(self) -> &'static str {
        match self {
            Self::Six => "fd00:1::",
            _ => "10.1.0.",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feature {
    Plain,
    Weights,
    Persistent,
    Sorry,
    Tunnel,
    Checks,
}

const FEATURES: [Feature; 6] =
    [Feature::Plain, Feature::Weights, Feature::Persistent, Feature::Sorry, Feature::Tunnel, Feature::Checks];

impl Feature {
    /// Scheduler and method, as said and as listed.
    const fn method(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Plain | Self::Checks => ("rr", "NAT", "-m"),
            Self::Weights => ("wrr", "DR", "-g"),
            Self::Persistent => ("sh", "DR", "-g"),
            Self::Sorry => ("wlc", "NAT", "-m"),
            Self::Tunnel => ("lc", "TUN type gue port 6080 csum", "-i"),
        }
    }

    const fn weights(self) -> [u32; 2] {
        match self {
            Self::Weights => [3, 50],
            Self::Sorry => [2, 2],
            _ => [1, 1],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Plain,
    Crlf,
    Tabs,
    BracesBelow,
    BracesBeside,
    Comments,
    Blanks,
    Quotes,
    Names,
    NameOfLines,
    Included,
    Conditions,
    Sequence,
    AmidVrrp,
}

const LAYOUTS: [Layout; 14] = [
    Layout::Plain,
    Layout::Crlf,
    Layout::Tabs,
    Layout::BracesBelow,
    Layout::BracesBeside,
    Layout::Comments,
    Layout::Blanks,
    Layout::Quotes,
    Layout::Names,
    Layout::NameOfLines,
    Layout::Included,
    Layout::Conditions,
    Layout::Sequence,
    Layout::AmidVrrp,
];

/// A line, and what is in its block.
#[derive(Clone, Debug)]
struct Item(String, Option<Vec<Self>>);

fn line(text: impl Into<String>) -> Item {
    Item(text.into(), None)
}

fn block(text: impl Into<String>, inside: Vec<Item>) -> Item {
    Item(text.into(), Some(inside))
}

/// What a shape must set, in the words of `ipvsadm -S`.
fn expected(kind: Kind, feature: Feature) -> String {
    let (scheduler, _, flag) = feature.method();
    let mut text = String::new();
    for key in kind.keys() {
        let mask = match kind {
            Kind::Six => " -M 64",
            Kind::Group => "",
            _ => " -M 255.255.255.0",
        };
        let persistence =
            if feature == Feature::Persistent { format!(" -p 600{mask}") } else { String::new() };
        writeln!(text, "-A {key} -s {scheduler}{persistence}").unwrap();
        for (number, weight) in (1..).zip(feature.weights()) {
            let addr = format!("{}{number}", kind.net());
            let addr = if kind == Kind::Six { format!("[{addr}]") } else { addr };
            // A mark has no port, and only NAT changes it.
            let port = if key.starts_with("-f") && flag != "-m" { 0 } else { kind.port() };
            let tunnel = if flag == "-i" { " --tun-type gue --tun-port 6080 --tun-csum" } else { "" };
            writeln!(text, "-a {key} -r {addr}:{port} {flag} -w {weight}{tunnel}").unwrap();
        }
    }
    text
}

fn checks(kind: Kind, feature: Feature) -> Vec<Item> {
    if feature != Feature::Checks {
        return vec![block("TCP_CHECK", vec![line("connect_timeout 3"), line("retry 2")])];
    }
    let url = block("url", vec![line("path \"/a b?c=1#d\""), line("status_code 200-204 301")]);
    let digest = vec![line("path /"), line("digest 640205b7b0fc66c1ea91c463fac6334d")];
    vec![
        block("TCP_CHECK", vec![line(format!("connect_port {}", kind.port()))]),
        block("HTTP_GET", vec![url, line("nb_get_retry 3"), line("delay_before_retry 2.5")]),
        block("SSL_GET", vec![line("enable_sni"), block("url", digest)]),
        block("MISC_CHECK", vec![line("misc_path \"/bin/echo 'a b' {c}\""), line("misc_timeout 4")]),
        block("DNS_CHECK", vec![line("type A"), line("name example.org")]),
        block("UDP_CHECK", vec![line("payload 0a0b"), line("require_reply")]),
        block("SMTP_CHECK", vec![line("helo_name lb.example"), line("delay_loop 9")]),
        block("PING_CHECK", vec![line("retry 1")]),
    ]
}

fn servers(kind: Kind, feature: Feature) -> Vec<Item> {
    let server = |(number, weight): (u32, u32)| {
        let mut inside = vec![line(format!("weight {weight}"))];
        inside.extend(checks(kind, feature));
        block(format!("real_server {}{number} {}", kind.net(), kind.port()), inside)
    };
    (1..).zip(feature.weights()).map(server).collect()
}

/// What stands in the service in front of its servers.
fn head(kind: Kind, feature: Feature) -> Vec<Item> {
    let (scheduler, method, _) = feature.method();
    let mut head = vec![line("delay_loop 6"), line(format!("lb_algo {scheduler}"))];
    head.push(line(format!("lb_kind {method}")));
    match kind {
        Kind::Udp => head.push(line("protocol UDP")),
        Kind::Mark => {}
        _ => head.push(line("protocol TCP")),
    }
    if feature == Feature::Persistent {
        head.push(line("persistence_timeout 600"));
        match kind {
            Kind::Six => head.push(line("persistence_granularity 64")),
            Kind::Group => {}
            _ => head.push(line("persistence_granularity 255.255.255.0")),
        }
    }
    if feature == Feature::Sorry {
        head.extend([line("quorum 2"), line("hysteresis 1"), line("quorum_up \"/bin/echo up\"")]);
        head.push(line(format!("sorry_server {}99 {}", kind.net(), kind.port())));
    }
    head
}

/// Files, the first of which includes the others.
fn written(kind: Kind, feature: Feature, layout: Layout) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut front = String::new();
    let mut inside = head(kind, feature);
    let servers = servers(kind, feature);
    match layout {
        Layout::Names => {
            let net = kind.net().trim_end_matches('.');
            front = format!("$NET={net}\n$SECS=3\n");
            let (old, new) = match kind {
                Kind::Six => (net.to_owned(), "${NET}".to_owned()),
                _ => (format!("{net}."), "${NET}.".to_owned()),
            };
            let text = render(&servers, Layout::Plain, 1)
                .replace(&format!("real_server {old}"), &format!("real_server {new}"))
                .replace("connect_timeout 3", "connect_timeout $SECS");
            inside.push(line(text.trim().to_owned()));
        }
        Layout::NameOfLines => {
            let text = render(&servers, Layout::Plain, 1);
            front = format!("$SERVERS=\\\n{}\n\n", text.trim_end().replace('\n', " \\\n"));
            inside.push(line("$SERVERS"));
        }
        Layout::Included => {
            files.insert("/etc/pool.d/a.inc".into(), render(&servers[..1], Layout::Plain, 0));
            files.insert("/etc/pool.d/b.inc".into(), render(&servers[1..], Layout::Tabs, 0));
            inside.push(line("include pool.d/*.inc"));
        }
        Layout::Conditions => {
            let text = render(&servers, Layout::Plain, 1);
            let ours = text.lines().map(|line| format!("@here {line}\n")).collect::<String>();
            let theirs = text.lines().map(|line| format!("@there {line}\n")).collect::<String>();
            inside.push(line(format!("{theirs}@^here lb_algo dh\n{ours}").trim_end().to_owned()));
        }
        Layout::Sequence => {
            let [weight, other] = feature.weights();
            let (net, port) = (kind.net(), kind.port());
            let text = format!(
                "~LST({{i, w}}, {{1, {weight}}}, {{2, {other}}}) real_server {net}${{i}} {port} {{ weight $w }}"
            );
            inside.push(line(text));
        }
        _ => inside.extend(servers),
    }
    let mut items = Vec::new();
    if layout == Layout::AmidVrrp {
        let mail = block("notification_email", vec![line("root@example.org")]);
        items.push(block("global_defs", vec![mail, line("router_id LB"), line("json_version 2")]));
        let authentication = block("authentication", vec![line("auth_type PASS"), line("auth_pass a\\#b")]);
        let addresses = block("virtual_ipaddress", vec![line("10.0.0.1/24 dev eth0")]);
        items.push(block("vrrp_instance V1", vec![line("priority 100"), authentication, addresses]));
    }
    if kind == Kind::Group {
        let entries = ["10.0.0.1 80", "10.0.0.10-12 80", "10.0.0.32/31 80", "fwmark 33"];
        items.push(block("virtual_server_group web", entries.map(line).into()));
    }
    items.push(block(format!("virtual_server {}", kind.says()), inside));
    if layout == Layout::AmidVrrp {
        items.push(block("vrrp_script chk", vec![line("script \"/bin/true {\""), line("interval 2")]));
    }
    files.insert("/etc/keepalived.conf".into(), front + &render(&items, layout, 0));
    files
}

fn render(items: &[Item], layout: Layout, depth: usize) -> String {
    let mut text = String::new();
    let (unit, end) = match layout {
        Layout::Tabs => ("\t", "\n"),
        Layout::Crlf => ("    ", "\r\n"),
        Layout::Comments => ("  ", " # it's \"a { comment } \\\n"),
        Layout::Blanks => ("    ", "   \n\n \t\n"),
        _ => ("    ", "\n"),
    };
    let indent = unit.repeat(depth);
    for Item(words, inside) in items {
        let words = spelled(words, layout);
        let Some(inside) = inside else {
            text.push_str(&format!("{indent}{words}{end}"));
            continue;
        };
        let inner = render(inside, layout, depth + 1);
        text.push_str(&match layout {
            Layout::BracesBelow => format!("{indent}{words}\n{indent}{{\n{inner}{indent}}}\n"),
            Layout::BracesBeside => format!("{indent}{words}{{{} }}\n", inner.trim()),
            Layout::Comments => {
                format!("! {words} {{ begins\n{indent}{words} {{{end}{inner}#}}\n{indent}}}!end\n")
            }
            _ => format!("{indent}{words} {{{end}{inner}{indent}}}{end}"),
        });
    }
    text
}

/// The words of a line as a layout writes them.
fn spelled(words: &str, layout: Layout) -> String {
    match layout {
        Layout::Tabs if !words.contains('"') => words.replace(' ', "\t \t"),
        Layout::Quotes if !words.contains('"') => {
            let mut words = words.split(' ');
            let first = words.next().unwrap_or_default().to_owned();
            words.fold(first, |text, word| format!("{text} \"{word}\""))
        }
        _ => words.to_owned(),
    }
}

fn tables(declared: Declared) -> Vec<String> {
    let text = table(declared);
    let (saved, _) = text.split_once("\n\n").unwrap();
    paragraphs(saved)
}

/// All of them, by kind and feature.
fn each(mut look: impl FnMut(Kind, Feature, Layout)) {
    for kind in KINDS {
        for feature in FEATURES {
            for layout in LAYOUTS {
                look(kind, feature, layout);
            }
        }
    }
}

fn name(kind: Kind, feature: Feature, layout: Layout) -> String {
    format!("{kind:?}-{feature:?}-{layout:?}").to_lowercase()
}

/// Of all its files, so that a recording is known to be of these.
fn digest(files: &BTreeMap<PathBuf, String>) -> String {
    let all: String = files.iter().map(|(path, text)| format!("{}\n{text}\n", path.display())).collect();
    Md5::digest(all).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_shape_sets_what_it_describes_and_converts_to_the_same() {
    let (mut count, mut wrong) = (0, Vec::new());
    each(|kind, feature, layout| {
        count += 1;
        let expected = paragraphs(&expected(kind, feature));
        let files = written(kind, feature, layout);
        let path = Path::new("/etc/keepalived.conf");
        let text = files[path].clone();
        let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        let around = Memory { files, host_name: Some("here".to_owned()), ..Memory::default() };
        let (declared, notes) = keepalived::read(path, &around, None).unwrap();
        let bad = notes.iter().filter(|note| {
            note.kind == NoteKind::Lost
                || note.what.contains("unknown")
                || note.what.contains("belongs to nothing")
        });
        let bad: Vec<String> = bad.map(ToString::to_string).collect();
        let toml = declared.to_toml(&notes, "keepalived.conf");
        let again = Config::parse(&toml, Path::new("t.toml")).unwrap().declared;
        let found = (tables(declared), tables(again));
        if found.0 != expected || found.1 != expected || !bad.is_empty() {
            wrong.push(format!(
                "{kind:?} {feature:?} {layout:?}\n{text}\n{bad:#?}\nexpected {expected:#?}\nread {:#?}\nconverted {:#?}",
                found.0, found.1
            ));
        }
    });
    assert!(count >= 400, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong[0]);
}

/// A recording is the names of shapes, each with the digest of its files, and the table that keepalived set from each.
#[test]
fn shapes_are_described_as_keepalived_sets_them() {
    if let Some(folder) = std::env::var_os("SHAPES_TO") {
        each(|kind, feature, layout| {
            let root = Path::new(&folder).join(name(kind, feature, layout));
            let files = written(kind, feature, layout);
            fs::create_dir_all(&root).unwrap();
            fs::write(root.join("digest"), digest(&files)).unwrap();
            for (path, text) in files {
                let path = root.join(path.strip_prefix("/etc").unwrap());
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        });
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/keepalived/generated.tables");
    let text = fs::read_to_string(path).unwrap();
    let mut recorded = BTreeMap::new();
    for recording in text.split("\n\n") {
        let (shapes, table): (Vec<_>, Vec<_>) = recording.lines().partition(|line| !line.starts_with('-'));
        let table = paragraphs(&table.join("\n"));
        recorded.extend(shapes.into_iter().map(|shape| (shape.to_owned(), table.clone())));
    }
    let (mut count, mut wrong) = (0, Vec::new());
    each(|kind, feature, layout| {
        let shape = format!("{} {}", name(kind, feature, layout), digest(&written(kind, feature, layout)));
        let Some(table) = recorded.remove(&shape) else { return };
        count += 1;
        if table != paragraphs(&expected(kind, feature)) {
            wrong.push(format!("{shape}: keepalived sets {table:#?}"));
        }
    });
    assert!(recorded.is_empty(), "recordings of no shape: {:?}", recorded.keys());
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong[0]);
    assert!(count >= RECORDED, "{count}");
}
