//! The tables on disk, beside the control socket, for a director that comes after one which was killed.
//!
//! Owns the form of the file, and when it is written: a moment after a change, never in the way of a packet or a command. It is
//! there while its director runs, and gone after a stop. What follows from it at a start is what follows from a reload: where the
//! file of the configuration says the same as then, what commands made of it stays.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::DaemonError;
use super::service::{DirectorService, new_families};
use super::state_file::{self, with_ending};
use lvs::director::{Command, Query, Reply, Sysctls, Tables};
use lvs_config::Declared;
use lvs_control::{OnError, Snapshot};

/// Changes come in bursts; this long after the first one they are written together at the earliest.
const SETTLE: Duration = Duration::from_millis(5);

/// No more than one part in so many of the time is spent with writing.
const SHARE: u32 = 10;

const VERSION: u32 = 1;

#[derive(Clone, Debug)]
pub(super) struct TableFile {
    path: PathBuf,
}

/// Tables of a director when they last changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptTables {
    version: u32,
    /// Contents of the configuration file.
    declared: Snapshot,
    /// Tables as they were.
    there: Snapshot,
}

impl KeptTables {
    /// Whether the configuration said the same.
    pub(super) fn is_declared(&self, declared: &Declared) -> bool {
        self.declared.tables == declared.tables() && self.declared.sysctls == declared.sysctls
    }
}

impl TableFile {
    pub(super) fn beside(socket: &Path) -> Self {
        Self { path: with_ending(socket, ".tables") }
    }

    /// Returns the tables of an earlier director. A file that cannot be read is moved aside and told of in the log.
    pub(super) fn restore(&self) -> Option<KeptTables> {
        let error = match self.read() {
            Ok(snapshot) => return snapshot,
            Err(error) => error,
        };
        let kept = state_file::move_aside(&self.path).unwrap_or_default();
        let (file, kept) = (self.path.display(), kept.display());
        tracing::warn!(%file, %error, %kept, "cannot read the tables of the director before: the configuration alone counts");
        None
    }

    fn read(&self) -> io::Result<Option<KeptTables>> {
        let Some(text) = state_file::read(&self.path)? else { return Ok(None) };
        state_file::parse(&text, VERSION).map(Some)
    }

    /// Writes the tables as they are now.
    pub(super) async fn write(&self, live: &DirectorService) -> io::Result<()> {
        self.put(serde_json::to_vec(&live.kept_tables().await)?).await
    }

    async fn put(&self, text: Vec<u8>) -> io::Result<()> {
        let path = self.path.clone();
        let writing = tokio::task::spawn_blocking(move || state_file::replace(&path, &text)).await;
        writing.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Removes it: the director stops, and the next one begins with its configuration.
    pub(super) fn end(&self) {
        if let Err(error) = state_file::remove(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "the tables on disk are not removed");
        }
    }
}

/// Writes the tables whenever they have changed, until the sender of `over` is gone.
pub(super) async fn keep(live: Arc<DirectorService>, file: TableFile, mut over: watch::Receiver<()>) {
    let (mut written, mut is_failing) = (Vec::new(), false);
    loop {
        let begun = live.clock.now();
        let text = serde_json::to_vec(&live.kept_tables().await).unwrap_or_default();
        if text != written {
            match file.put(text.clone()).await {
                Ok(()) => (written, is_failing) = (text, false),
                Err(error) if !is_failing => {
                    let file = file.path.display();
                    tracing::warn!(%file, %error, "the tables will not outlive this director if it is killed");
                    is_failing = true;
                }
                Err(_) => {}
            }
        }
        let took = live.clock.now().since(begun);
        tokio::select! {
            () = live.tables_changed.notified() => {}
            _ = over.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(took.saturating_mul(SHARE).max(SETTLE)) => {}
            _ = over.changed() => return,
        }
    }
}

impl DirectorService {
    pub(super) async fn kept_tables(&self) -> KeptTables {
        let declared = self.configured.declared().await;
        let _held = self.table_lock.lock().await;
        let there = self.snapshot(&self.other_sysctls(), &[]);
        let declared = Snapshot { tables: declared.tables(), sysctls: declared.sysctls };
        KeptTables { version: VERSION, declared, there }
    }

    /// Settings that are not as they are by default.
    pub(super) fn other_sysctls(&self) -> BTreeMap<String, String> {
        let Ok(Reply::Sysctls(entries)) = self.director.query(&Query::Sysctls(None), self.clock.now()) else {
            return BTreeMap::new();
        };
        let defaults = Sysctls::default();
        let default = defaults.read(None).unwrap_or_default();
        let is_other = |entry: &lvs::director::SysctlEntry| !default.contains(entry);
        entries.into_iter().filter(is_other).map(|entry| (entry.name, entry.value)).collect()
    }

    /// Makes the tables be as a director before had them, and follow the configuration where that says something else by now.
    pub(super) async fn declare_after(
        &self,
        before: Option<KeptTables>,
        declared: &Declared,
    ) -> Result<(), DaemonError> {
        let Some(before) = before else { return self.declare(declared).await };
        let commands = commands_after(&before, declared);
        let refused = self.host.refused(new_families(&commands)).await;
        let results = {
            let _held = self.table_lock.lock().await;
            self.declare_checks(declared);
            match refused.into_iter().next() {
                Some((_, why)) => return Err(why.into()),
                None => {
                    let results = self.configure_tables(&commands, OnError::Stop);
                    self.settle_sources(None);
                    results
                }
            }
        };
        match results.into_iter().find_map(Result::err) {
            None => {
                tracing::info!(services = before.there.tables.services.len(), "the tables are as before");
                Ok(())
            }
            Some(error) => {
                tracing::warn!(%error, "the tables cannot be as before: the configuration alone counts");
                self.change_tables(&[Command::Flush], OnError::Stop);
                self.declare(declared).await
            }
        }
    }
}

fn commands_after(before: &KeptTables, declared: &Declared) -> Vec<Command> {
    let KeptTables { declared: said, there, .. } = before;
    let base = Declared {
        timeouts: said.tables.timeouts,
        sysctls: said.sysctls.clone(),
        services: said.tables.services.clone(),
        daemons: said.tables.daemons.clone().unwrap_or_default(),
        ..Declared::default()
    };
    let target = declared.merged(&base, &there.tables.services);
    let set =
        |(name, value): (&String, &String)| Command::SetSysctl { name: name.clone(), value: value.clone() };
    let mut commands: Vec<Command> = there.sysctls.iter().map(set).collect();
    commands.extend(there.tables.timeouts.map(Command::SetTimeouts));
    let daemons = target.daemons.or_else(|| there.tables.daemons.clone());
    commands.push(Command::Replace(Tables { daemons, ..target }));
    commands.extend(declared.sysctl_changes(&base));
    commands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::datapath::Path as PacketPath;
    use lvs_config::Config;
    use lvs_host::StopFlag;

    fn declared(text: &str) -> Declared {
        Config::parse(text, Path::new("typed")).unwrap().declared
    }

    async fn live(declared: &Declared) -> DirectorService {
        let live = DirectorService::new(&PacketPath::of_nothing(), StopFlag::default())
            .configured(None, declared.clone());
        live.declare(declared).await.unwrap();
        live
    }

    const FILE: &str = "[timeouts]\nudp = 9\n[sysctl]\ndrop_entry = 2\n[[service]]\naddress = \"10.0.0.1:80\"\n\
        [[service.server]]\naddress = \"10.1.0.1:80\"\nforward = \"masq\"\nweight = 5\n";

    /// A director with that file, and what was typed since.
    async fn killed(typed: &str) -> KeptTables {
        let live = live(&declared(FILE)).await;
        let applied = live.change(&declared(typed).commands(), OnError::Stop).await;
        applied.results.into_iter().collect::<Result<(), _>>().unwrap();
        live.kept_tables().await
    }

    async fn after(before: KeptTables, file: &str) -> Snapshot {
        let path = PacketPath::of_nothing();
        let next = DirectorService::new(&path, StopFlag::default()).configured(None, declared(file));
        next.declare_after(Some(before), &declared(file)).await.unwrap();
        next.kept_tables().await.there
    }

    #[tokio::test]
    async fn with_the_same_file_or_none_the_tables_are_as_before() {
        let typed = "[timeouts]\ntcp = 77\n[sysctl]\nexpire_nodest_conn = 1\n[[service]]\naddress = \"10.0.0.2:81\"\n";
        let before = killed(typed).await;
        assert_eq!(after(before.clone(), FILE).await, before.there);
        let mut nothing_declared = before.clone();
        nothing_declared.declared = Snapshot::default();
        assert_eq!(after(nothing_declared, "").await, before.there);
    }

    #[tokio::test]
    async fn where_the_file_says_something_else_it_counts() {
        let before = killed("[[service]]\naddress = \"10.0.0.2:81\"\n").await;
        let there =
            after(before, &FILE.replace("weight = 5", "weight = 6").replace("udp = 9", "udp = 8")).await;
        let weights: Vec<i32> = there
            .tables
            .services
            .iter()
            .flat_map(|service| &service.servers)
            .map(|server| server.weight)
            .collect();
        assert_eq!((there.tables.services.len(), weights), (2, vec![6]));
        assert_eq!(there.tables.timeouts.unwrap().udp, 8);
    }

    #[tokio::test]
    async fn tables_that_this_director_refuses_are_left_out() {
        let mut before = killed("").await;
        before.there.sysctls.insert("nonsense".to_owned(), "1".to_owned());
        assert_eq!(after(before, FILE).await.tables.services.len(), 1);
    }

    #[tokio::test]
    async fn a_file_is_found_again_and_a_bad_one_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        let file = TableFile::beside(&folder.path().join("sock"));
        let snapshot = killed("").await;
        assert_eq!(file.restore(), None);
        let text = serde_json::to_vec(&snapshot).unwrap();
        state_file::replace(&file.path, &text).unwrap();
        assert_eq!(file.restore(), Some(snapshot));
        let newer = String::from_utf8(text.clone()).unwrap().replace("\"version\":1", "\"version\":2");
        for bad in [&b""[..], &text[..text.len() / 2], newer.as_bytes(), b"{\"version\":1}"] {
            state_file::replace(&file.path, bad).unwrap();
            assert_eq!(file.restore(), None);
            assert_eq!(std::fs::read(with_ending(&file.path, ".bad")).unwrap(), bad);
        }
        state_file::replace(&file.path, &text).unwrap();
        file.end();
        assert_eq!(file.restore(), None);
    }

    #[tokio::test]
    async fn changes_come_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = TableFile::beside(&folder.path().join("sock"));
        let live = Arc::new(live(&declared("")).await);
        let (is_over, over) = watch::channel(());
        let keeping = tokio::spawn(keep(Arc::clone(&live), file.clone(), over));
        live.change(&declared(FILE).commands(), OnError::Stop).await;
        let is_kept = async {
            while file.restore().is_none_or(|snapshot| snapshot.there.tables.services.is_empty()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), is_kept).await.unwrap();
        drop(is_over);
        keeping.await.unwrap();
    }
}
