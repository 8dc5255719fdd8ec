//! Files of prefixes of clients that services let in, or do not: read before a service is declared or changed, and with
//! every reload.
//!
//! A file that cannot be read, or has a line that is no prefix, refuses the command, and what was there goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use parking_lot::Mutex;

use super::clock::Clock;
use lvs::director::{Command, CommandError, Director, ServiceEntry};
use lvs::service::{AccessList, ServiceKey, ServiceSpec};
use lvs_control::OnError;
use lvs_control::service::run;

/// The longest file that is read: a million of the longest lines of IPv6.
const LONGEST: u64 = 64 << 20;

/// Lists of clients that the services of a director let in.
#[derive(Debug)]
pub(super) struct AccessLists {
    director: Arc<Director>,
    clock: Clock,
    lists: Mutex<BTreeMap<ServiceKey, Arc<AccessList>>>,
}

/// Lists that a command brings; None for services that have none by it.
type NewLists = BTreeMap<ServiceKey, Option<Arc<AccessList>>>;

#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("cannot read the list of prefixes {path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
    #[error("the list of prefixes {path} is longer than {LONGEST} bytes: split it, or join its prefixes")]
    TooLong { path: String },
    #[error("{path} line {line}: {text:?} is no prefix: write 192.0.2.0/24, 2001:db8::/32 or an address")]
    NoPrefix { path: String, line: usize, text: String },
}

impl AccessLists {
    pub(super) fn new(director: Arc<Director>, clock: Clock) -> Self {
        Self { director, clock, lists: Mutex::default() }
    }

    /// Runs a batch on the tables. A service has its lists before it is there, and loses those of before when it is changed.
    pub(super) fn run(&self, commands: &[Command], on_error: OnError) -> Vec<Result<(), CommandError>> {
        let mut results = Vec::with_capacity(commands.len());
        for command in commands {
            let result = self.run_one(command);
            let stop = result.is_err() && on_error == OnError::Stop;
            results.push(result);
            if stop {
                break;
            }
        }
        results
    }

    fn run_one(&self, command: &Command) -> Result<(), CommandError> {
        let alone = || run(&self.director, std::slice::from_ref(command), OnError::Stop, self.clock.now());
        let done = || alone().into_iter().collect::<Result<(), _>>();
        let new = read(command)?;
        let mut lists = self.lists.lock();
        if lists.is_empty() && new.values().all(Option::is_none) {
            return done();
        }
        let before = lists.clone();
        lists.extend(new.iter().filter_map(|(key, list)| Some((*key, Arc::clone(list.as_ref()?)))));
        self.director.set_access(lists.clone());
        let result = done();
        match (&result, command) {
            (Err(_), _) => *lists = before,
            (Ok(()), Command::Replace(_)) => lists.retain(|key, _| new.get(key).is_some_and(Option::is_some)),
            (Ok(()), Command::Flush) => lists.clear(),
            (Ok(()), Command::DeleteService(key)) => drop(lists.remove(key)),
            (Ok(()), _) => lists.retain(|key, _| new.get(key) != Some(&None)),
        }
        self.director.set_access(lists.clone());
        result
    }

    /// Reads the lists of all services that are there, as a director has to that took them over. One that cannot be read
    /// lets nobody in.
    pub(super) fn read_again(&self, services: Vec<ServiceEntry>) {
        let mut lists = self.lists.lock();
        for entry in services {
            let key = entry.spec.key;
            let has_list = entry.spec.allow.is_some() || entry.spec.deny.is_some();
            let list = match read(&Command::EditService(entry.spec)) {
                Ok(mut new) => new.remove(&key).flatten(),
                Err(error) => {
                    tracing::error!(service = %key, %error, "its files of prefixes (allow, deny) cannot be read: no client is let in");
                    has_list.then(|| Arc::new(AccessList::new(Some(&[]), &[])))
                }
            };
            lists.extend(list.map(|list| (key, list)));
        }
        self.director.set_access(lists.clone());
    }
}

/// Lists of the services that a command declares.
///
/// # Errors
/// A file cannot be read, or says what is no prefix.
fn read(command: &Command) -> Result<NewLists, CommandError> {
    let specs: Vec<&ServiceSpec> = match command {
        Command::AddService(spec) | Command::EditService(spec) => vec![spec],
        Command::Replace(tables) => tables.services.iter().map(|service| &service.spec).collect(),
        _ => Vec::new(),
    };
    let mut files: BTreeMap<&str, Vec<IpNet>> = BTreeMap::new();
    let mut lists = NewLists::new();
    for spec in specs {
        for path in [&spec.allow, &spec.deny].into_iter().flatten() {
            if !files.contains_key(path.as_str()) {
                let nets = read_file(path).map_err(|error| CommandError::BadAccessFile(error.to_string()))?;
                files.insert(path, nets);
            }
        }
        let nets =
            |path: &Option<String>| path.as_deref().and_then(|path| files.get(path)).map(Vec::as_slice);
        let has_list = spec.allow.is_some() || spec.deny.is_some();
        let list = has_list.then(|| AccessList::new(nets(&spec.allow), nets(&spec.deny).unwrap_or_default()));
        lists.insert(spec.key, list.map(Arc::new));
    }
    Ok(lists)
}

fn read_file(path: &str) -> Result<Vec<IpNet>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(FileError::TooLong { path: path.to_owned() });
    }
    parse(&text).map_err(|(line, text)| FileError::NoPrefix { path: path.to_owned(), line, text })
}

/// Prefixes of a text, or the first line that is none, and its number.
fn parse(text: &str) -> Result<Vec<IpNet>, (usize, String)> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.split_once('#').map_or(line, |(before, _)| before).trim()));
    lines
        .filter(|(_, said)| !said.is_empty())
        .map(|(at, said)| {
            let net = said.parse::<IpNet>().or_else(|_| said.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| (at, said.chars().take(100).collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lvs::service::Protocol;

    #[test]
    fn prefixes_addresses_and_remarks_are_read_and_all_else_is_named() {
        let text = "# ours\n10.0.0.0/8\n\n  192.0.2.7  # one\n2001:db8::/32\r\n::1\n";
        let expected = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::1/128"];
        assert_eq!(parse(text).unwrap(), expected.map(|net| net.parse::<IpNet>().unwrap()));
        assert_eq!(parse("10.0.0.0/8\n10.0.0.0/33\n"), Err((2, "10.0.0.0/33".to_owned())));
        assert_eq!(parse("example.org"), Err((1, "example.org".to_owned())));
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_command_brings_the_lists_of_its_services() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("deny"), "10.0.0.0/8\n").unwrap();
        let key = ServiceKey::Address { protocol: Protocol::Tcp, addr: [192, 168, 1, 183].into(), port: 80 };
        let mut spec = ServiceSpec::new(key, "rr");
        assert!(read(&Command::AddService(spec.clone())).unwrap()[&key].is_none());
        spec.deny = Some(path("deny"));
        let lists = read(&Command::EditService(spec.clone())).unwrap();
        let list = lists[&key].as_ref().unwrap();
        assert!(!list.allows([10, 1, 2, 3].into()) && list.allows([11, 1, 2, 3].into()));
        spec.allow = Some(path("missing"));
        let refused = read(&Command::EditService(spec)).unwrap_err().to_string();
        assert!(refused.contains("missing") && refused.contains("cannot read"), "{refused}");
        assert!(read(&Command::DeleteService(key)).unwrap().is_empty());
    }
}
