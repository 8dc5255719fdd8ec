//! The tables on disk, beside the control socket, for a director that comes after one which was killed.
//!
//! Owns the form of the file, and when it is written: a moment after a change, never in the way of a packet or a command. It is
//! there while its director runs, and gone after a stop. What follows from it at a start is what follows from a reload: where the
//! file of the configuration says the same as then, what commands made of it stays.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::kept_tables::{KeptTables, VERSION};
use super::reload::Configuration;
use super::state_file::{self, Contents, StateFile};

/// Changes come in bursts; this long after the first one they are written together at the earliest.
const SETTLE: Duration = Duration::from_millis(5);

/// No more than one part in so many of the time is spent with putting them into words.
const SHARE: u32 = 10;

pub(super) type TableFile = StateFile<KeptTables>;

impl Contents for KeptTables {
    const ENDING: &'static str = ".tables";
    const UNREADABLE: &'static str =
        "cannot read the tables of the director before: the configuration alone counts";
    const UNWRITTEN: &'static str = "the tables will not outlive this director if it is killed";
    const NOT_REMOVED: &'static str = "the tables on disk are not removed";
    const IS_FOR_GOOD: bool = true;

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        state_file::parse(bytes, VERSION)
    }

    fn bytes(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(Some(serde_json::to_vec(self)?))
    }
}

/// Writes the tables as they are now.
///
/// # Errors
/// The file cannot be written.
pub(super) async fn write(file: &TableFile, configuration: &Configuration) -> io::Result<()> {
    put(file, configuration.kept_tables().await.bytes()?.unwrap_or_default()).await
}

async fn put(file: &TableFile, bytes: Vec<u8>) -> io::Result<()> {
    let file = file.clone();
    let writing = tokio::task::spawn_blocking(move || file.put(&bytes)).await;
    writing.unwrap_or_else(|error| Err(io::Error::other(error)))
}

/// Writes the tables whenever they have changed, until the sender of `over` is gone.
pub(super) async fn keep(configuration: Arc<Configuration>, file: TableFile, mut over: watch::Receiver<()>) {
    let tables = configuration.tables();
    let (mut written, mut is_failing) = (Vec::new(), false);
    loop {
        let begun = tables.clock.now();
        let text = configuration.kept_tables().await.bytes().ok().flatten().unwrap_or_default();
        // A disk that makes the writer wait keeps nobody from work, and the next change not from the file.
        let took = tables.clock.now().since(begun);
        if text != written {
            match put(&file, text.clone()).await {
                Ok(()) => (written, is_failing) = (text, false),
                Err(error) if !is_failing => {
                    file.warn_unwritten(&error);
                    is_failing = true;
                }
                Err(_) => {}
            }
        }
        tokio::select! {
            () = tables.to_keep.notified() => {}
            _ = over.changed() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(took.saturating_mul(SHARE).max(SETTLE)) => {}
            _ = over.changed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::service::DirectorService;
    use lvs_config::{Config, Declared};
    use lvs_control::{OnError, Snapshot};

    fn declared(text: &str) -> Declared {
        Config::parse(text, std::path::Path::new("typed")).unwrap().declared
    }

    async fn live(declared: &Declared) -> DirectorService {
        let live = DirectorService::of_test(None, declared.clone());
        live.declared.declare(declared).await.unwrap();
        live
    }

    const FILE: &str = "[timeouts]\nudp = 9\n[sysctl]\ndrop_entry = 2\n[[service]]\naddress = \"10.0.0.1:80\"\n\
        [[service.server]]\naddress = \"10.1.0.1:80\"\nforward = \"masq\"\nweight = 5\n";

    /// A director with that file, and what was typed since.
    async fn killed(typed: &str) -> KeptTables {
        let live = live(&declared(FILE)).await;
        let applied = live.commands.run(&declared(typed).commands(), OnError::Stop).await;
        applied.results.into_iter().collect::<Result<(), _>>().unwrap();
        live.configuration.kept_tables().await
    }

    async fn after(before: KeptTables, file: &str) -> Snapshot {
        let next = DirectorService::of_test(None, declared(file));
        next.declared.declare_after(Some(before), &declared(file)).await.unwrap();
        next.configuration.kept_tables().await.there
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
        state_file::replace(file.path(), &text).unwrap();
        assert_eq!(file.restore(), Some(snapshot));
        let newer = String::from_utf8(text.clone()).unwrap().replace("\"version\":1", "\"version\":2");
        for bad in [&b""[..], &text[..text.len() / 2], newer.as_bytes(), b"{\"version\":1}"] {
            state_file::replace(file.path(), bad).unwrap();
            assert_eq!(file.restore(), None);
            assert_eq!(std::fs::read(state_file::with_ending(file.path(), ".bad")).unwrap(), bad);
        }
        state_file::replace(file.path(), &text).unwrap();
        file.end();
        assert_eq!(file.restore(), None);
    }

    #[tokio::test]
    async fn changes_come_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = TableFile::beside(&folder.path().join("sock"));
        let live = live(&declared("")).await;
        let (is_over, over) = watch::channel(());
        let keeping = tokio::spawn(keep(Arc::clone(&live.configuration), file.clone(), over));
        live.commands.run(&declared(FILE).commands(), OnError::Stop).await;
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
