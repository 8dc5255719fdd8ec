//! Every key that the schema takes stands in the manual page and in the example, and no other.

use std::collections::BTreeSet;

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use toml::{Table, Value};

use super::parse;
use crate::Queues;
use crate::schema::{
    Check, ClientLimit, CommandTable, DirectorOptions as Director, Discover, File, FlowLog, Metrics, Passive,
    Persistence, Server, Service, Sorry, Sync, Timeouts, Tunnel, Url,
};
use lvs::director::Sysctl;
use lvs_health::spec::BodyRegex as RegexTable;

const PAGE: &str = include_str!("../../../../man/tunvs.toml.5");
const EXAMPLE: &str = include_str!("../../../../conf/tunvs.toml");
const SCHEMA: [&str; 12] = [
    include_str!("../schema/check.rs"),
    include_str!("../schema/command.rs"),
    include_str!("../schema/director.rs"),
    include_str!("../schema/discover.rs"),
    include_str!("../schema/file.rs"),
    include_str!("../schema/http.rs"),
    include_str!("../schema/server.rs"),
    include_str!("../schema/service.rs"),
    include_str!("../schema/sync.rs"),
    include_str!("../schema/exporters.rs"),
    include_str!("../../../lvs-health/src/spec/kinds/http.rs"),
    include_str!("../schema/passive.rs"),
];

type Words = &'static [&'static str];

/// Takes down which fields a structure asks for, and gives it none.
struct Asked<'a>(&'a mut Words);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("no structure"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: Words,
        _visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("only its fields are wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn keys_of<T: Deserialize<'static>>() -> Words {
    let mut keys: Words = &[];
    assert!(T::deserialize(Asked(&mut keys)).is_err() && !keys.is_empty());
    keys
}

/// The heading of a table in the page, where the example has it, and its keys.
fn structures() -> [(&'static str, Words, Words); 17] {
    let commands: Words = &[
        "service.quorum_up",
        "service.quorum_down",
        "service.notify_up",
        "service.notify_down",
        "service.server.notify_up",
        "service.server.notify_down",
    ];
    let patterns: Words = &[
        "service.check.regex",
        "service.check.url.regex",
        "service.server.check.regex",
        "service.server.check.url.regex",
    ];
    [
        ("[director]", &["director"], keys_of::<Director>()),
        ("[metrics]", &["metrics"], keys_of::<Metrics>()),
        ("[flow_log]", &["flow_log"], keys_of::<FlowLog>()),
        ("[timeouts]", &["timeouts"], keys_of::<Timeouts>()),
        ("[[sync]]", &["sync"], keys_of::<Sync>()),
        ("[[service]]", &["service"], keys_of::<Service>()),
        ("[service.persistence]", &["service.persistence"], keys_of::<Persistence>()),
        ("[service.client_limit]", &["service.client_limit"], keys_of::<ClientLimit>()),
        ("[[service.discover]]", &["service.discover"], keys_of::<Discover>()),
        ("[[service.server]]", &["service.server"], keys_of::<Server>()),
        ("[service.server.tunnel]", &["service.server.tunnel"], keys_of::<Tunnel>()),
        ("[service.sorry]", &["service.sorry"], keys_of::<Sorry>()),
        ("[service.passive]", &["service.passive"], keys_of::<Passive>()),
        ("[[service.check]]", &["service.check", "service.server.check"], keys_of::<Check>()),
        ("[[service.check.url]]", &["service.check.url", "service.server.check.url"], keys_of::<Url>()),
        ("[service.check.regex]", patterns, keys_of::<RegexTable>()),
        ("Commands", commands, keys_of::<CommandTable>()),
    ]
}

/// The text of the page below a heading.
pub(super) fn section(heading: &str) -> &'static str {
    let found = PAGE.split_once(&format!("\n.SS {heading}\n"));
    let rest = found.unwrap_or_else(|| panic!("man/tunvs.toml.5 has no section {heading}")).1;
    let ends = ["\n.SS ", "\n.SH "].into_iter().filter_map(|next| rest.find(next));
    &rest[..ends.min().unwrap_or(rest.len())]
}

/// The keys that a section explains, each with its type and either a default or that it is required.
fn explained(section: &'static str) -> BTreeSet<&'static str> {
    let entries = section.split("\n.TP\n.BR ").skip(1).chain(section.strip_prefix(".TP\n.BR "));
    let entries = entries.filter_map(|entry| entry.lines().next()?.split_once(" \" = "));
    let is_whole = |what: &str| what.contains("; default ") || what.contains("; required");
    entries.filter(|(_, what)| is_whole(what)).map(|(key, _)| key).collect()
}

/// The tables at a dotted path, those of lists each for itself.
fn tables<'a>(value: &'a Value, path: &str) -> Vec<&'a Table> {
    match value {
        Value::Array(list) => list.iter().flat_map(|one| tables(one, path)).collect(),
        Value::Table(table) if path.is_empty() => vec![table],
        Value::Table(table) => {
            let (key, rest) = path.split_once('.').unwrap_or((path, ""));
            table.get(key).map_or_else(Vec::new, |below| tables(below, rest))
        }
        _ => Vec::new(),
    }
}

/// The example with those of its comments that are lines of a configuration.
fn whole_example() -> String {
    let is_configuration = |line: &str| {
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
    };
    let bare = |line: &'static str| match line.strip_prefix("# ") {
        Some(commented) if is_configuration(commented) => commented,
        _ => line,
    };
    EXAMPLE.lines().flat_map(|line| [bare(line), "\n"]).collect()
}

#[test]
fn no_structure_of_the_schema_is_forgotten_here() {
    let count: usize = SCHEMA.iter().map(|source| source.matches("deny_unknown_fields").count()).sum();
    assert_eq!(structures().len() + 1, count);
}

#[test]
fn the_page_explains_every_key() {
    for (heading, _, keys) in structures() {
        let keys: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(explained(section(heading)), keys, "man/tunvs.toml.5 (left), {heading}");
    }
    let settings = Sysctl::ALL.iter().map(|sysctl| sysctl.name()).filter(|name| !name.is_empty());
    let settings: BTreeSet<&str> = settings.collect();
    assert_eq!(explained(section("[sysctl]")), settings, "man/tunvs.toml.5 (left), [sysctl]");
    for table in keys_of::<File>() {
        let headings = [format!("\n.SS [{table}]\n"), format!("\n.SS [[{table}]]\n")];
        assert!(headings.iter().any(|heading| PAGE.contains(heading)), "man/tunvs.toml.5 has no {table}");
    }
}

#[test]
fn the_page_says_the_defaults_of_settings() {
    let texts = [Sysctl::SyncThreshold, Sysctl::SyncPeriod, Sysctl::EstCpulist];
    for sysctl in Sysctl::ALL.iter().filter(|sysctl| !texts.contains(sysctl)) {
        let entry = section("[sysctl]").split(&format!("\n.BR {} ", sysctl.name())).nth(1).unwrap();
        let said = entry.lines().next().unwrap().rsplit_once("default ").unwrap().1;
        let said = said.trim_end_matches('"').replace('\\', "");
        assert_eq!(said, sysctl.default_value().to_string(), "{}", sysctl.name());
    }
}

#[test]
fn the_example_shows_every_key() {
    let root = Value::Table(toml::from_str(&whole_example()).unwrap());
    let whole: (&str, Words, Words) = ("the tables", &[""], keys_of::<File>());
    for (heading, places, keys) in structures().into_iter().chain([whole]) {
        let shown = places.iter().flat_map(|place| tables(&root, place)).flat_map(Table::keys);
        let shown: BTreeSet<&str> = shown.map(String::as_str).collect();
        let keys: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(shown, keys, "conf/tunvs.toml (left), {heading}");
    }
}

#[test]
fn the_commented_lines_of_the_example_are_valid_too() {
    let config = parse(&whole_example());
    let director = config.director;
    assert_eq!(director.queues, Some(Queues::Count(1)));
    assert_eq!(director.masquerade_nets, ["192.168.56.0/24".parse().unwrap()]);
    assert_eq!((director.laddr_nets.len(), director.laddr_ports), (1, Some(16_384..=32_767)));
    let declared = config.declared;
    assert_eq!((declared.services.len(), declared.daemons.len()), (6, 1));
    assert!(declared.exporters.metrics.is_some() && declared.exporters.flow_log.is_some());
    let servers = declared.health.iter().flat_map(|health| &health.servers);
    assert_eq!(servers.map(|server| server.checks.len()).sum::<usize>(), 9);
}

#[test]
fn every_key_survives_being_written_and_read_again() {
    let declared = parse(&whole_example()).declared;
    assert!(declared.services.iter().any(|service| service.spec.rst_on_expire));
    let written = declared.to_toml(&[], "a test");
    assert_eq!(parse(&written).declared, declared, "{written}");
}

#[test]
fn the_example_of_the_page_is_a_configuration() {
    let example = PAGE.split_once("\n.EX\n").and_then(|(_, rest)| rest.split_once("\n.EE\n")).unwrap().0;
    let declared = parse(&example.replace("\\(aq", "'")).declared;
    assert_eq!((declared.services.len(), declared.health.len()), (2, 2));
}
