//! A recorded case: a configuration, events, and what the kernel's IPVS did.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) net: Net,
    #[serde(default)]
    pub(crate) sysctl: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) marks: Vec<Mark>,
    #[serde(default)]
    pub(crate) config: Vec<String>,
    pub(crate) events: Vec<Event>,
}

/// Addresses of the director and of its services.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Net {
    pub(crate) client: Vec<ipnet::IpNet>,
    pub(crate) server: Vec<ipnet::IpNet>,
    pub(crate) vips: Vec<std::net::IpAddr>,
    pub(crate) local: Vec<ipnet::IpNet>,
    pub(crate) client_mtu: usize,
    pub(crate) server_mtu: usize,
}

impl Default for Net {
    fn default() -> Self {
        Self {
            client: vec!["192.168.1.181/24".parse().unwrap()],
            server: vec!["192.168.56.181/24".parse().unwrap()],
            vips: vec!["192.168.1.183".parse().unwrap()],
            local: Vec::new(),
            client_mtu: 1500,
            server_mtu: 1500,
        }
    }
}

/// Packets to `dst` (and `dport`, unless it is 0) carry `mark`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mark {
    pub(crate) proto: String,
    pub(crate) dst: String,
    pub(crate) dport: u16,
    pub(crate) mark: u32,
}

/// One event. Which fields it has depends on `op`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) op: String,
    #[serde(default)]
    pub(crate) result: Value,
    #[serde(flatten)]
    pub(crate) fields: serde_json::Map<String, Value>,
}

impl Event {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    pub(crate) fn needed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_else(|| panic!("event {} has no {name}", self.op))
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.fields.get(name)?.as_u64()
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.fields.get("seconds").and_then(Value::as_f64).unwrap_or(0.0)
    }

    pub(crate) fn is_set(&self, name: &str, default: bool) -> bool {
        self.fields.get(name).and_then(Value::as_bool).unwrap_or(default)
    }

    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.fields
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }
}

/// All cases of one folder of `tests/data/datapath`, by name.
pub(crate) fn folder(name: &str) -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/datapath").join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.into_iter().map(read).collect()
}
