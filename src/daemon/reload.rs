//! The configuration is read again, and what it declares differently is changed.
//!
//! Owns what was read last, and the rule between the file and what commands changed in the meantime: see
//! [`Declared::merged`]. A wrong file changes nothing, and nor does a right one that the director refuses. Called on
//! SIGHUP and by the control socket.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Mutex;

use super::declared_tables::DeclaredTables;
use super::discovery::Sources;
use super::exporters::RunningExporters;
use super::follow_up::FollowUp;
use super::host_reconciler::HostReconciler;
use super::kept_tables::KeptTables;
use super::live_tables::LiveTables;
use super::privileges;
use super::workable::{DeadFamilies, new_families};
use lvs::director::Command;
use lvs_config::note::{Note, NoteKind};
use lvs_config::{Config, Declared, Source};
use lvs_control::{ReloadRefusal, ReloadRequest, Reloaded, Snapshot};
use lvs_events::Event;

/// The configuration of a running director: its file, and what that said when it was read last.
#[derive(Debug)]
pub(super) struct Configuration {
    parts: Reloads,
    file: Option<PathBuf>,
    /// One reload at a time.
    last: Mutex<LastRead>,
}

#[derive(Debug, Default)]
pub(super) struct LastRead {
    pub(super) source: Option<Source>,
    pub(super) declared: Declared,
}

/// Parts of the director that a reload changes.
#[derive(Debug)]
pub(super) struct Reloads {
    pub(super) tables: Arc<LiveTables>,
    pub(super) host: Arc<HostReconciler>,
    pub(super) sources: Arc<Sources>,
    pub(super) declared: Arc<DeclaredTables>,
    pub(super) exporters: Arc<RunningExporters>,
    pub(super) follow_up: Arc<FollowUp>,
}

impl Configuration {
    pub(super) fn new(parts: Reloads, last: LastRead) -> Self {
        let file = last.source.as_ref().map(|source| source.path.clone());
        Self { parts, file, last: Mutex::new(last) }
    }

    /// File that a reload reads.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The tables that follow the configuration.
    pub(super) fn tables(&self) -> &LiveTables {
        &self.parts.tables
    }

    /// Tables as they are now, for a director that comes after this one.
    pub(super) async fn kept_tables(&self) -> KeptTables {
        let declared = self.last.lock().await.declared.clone();
        let _held = self.parts.tables.lock.lock().await;
        let there = self.parts.declared.snapshot(&self.parts.declared.other_sysctls(), &[]);
        KeptTables::new(declared, there)
    }

    /// Follows the file, or says how what is there differs from it.
    pub(super) async fn reload(&self, request: ReloadRequest) -> Result<Reloaded, ReloadRefusal> {
        let _going = self.parts.tables.pause.read().await;
        let mut state = self.last.lock().await;
        let source = state.source.clone().ok_or(ReloadRefusal::NoFile)?;
        let file = source.path.display().to_string();
        if request == ReloadRequest::Compare {
            let declared = &state.declared;
            let tables = self.parts.sources.complete(declared.tables());
            let before = Snapshot { tables, sysctls: declared.sysctls.clone() };
            let after = self.parts.declared.snapshot(&declared.sysctls, &[]);
            return Ok(Reloaded { file, before: before.completed(&after), after, ..Reloaded::default() });
        }
        let Ok(read) = tokio::task::spawn_blocking(move || source.load()).await else {
            return Err(ReloadRefusal::Wrong(format!("{file} could not be read")));
        };
        let config = read.map_err(|error| self.refused(&file, ReloadRefusal::Wrong(error.to_string())))?;
        tell(&config.notes);
        let (base, wanted) = (state.declared.health_of_all(), config.declared.health_of_all());
        privileges::admit_programs(&base, &wanted, privileges::may_change_user())
            .map_err(|error| self.refused(&file, ReloadRefusal::Wrong(error.to_string())))?;
        let exporters = &config.declared.exporters;
        let prepared =
            if request.is_dry_run() { None } else { Some(self.parts.exporters.prepare(exporters).await) };
        let prepared = prepared
            .transpose()
            .map_err(|error| self.refused(&file, ReloadRefusal::Wrong(error.to_string())))?;
        let changed = self.parts.exporters.changes(exporters).await;
        let outcome = self.follow(&state.declared, &config, request, &file).await;
        let mut reloaded = outcome.map_err(|refusal| self.refused(&file, refusal))?;
        reloaded.exporters = changed;
        if let Some(prepared) = prepared {
            self.parts.exporters.commit(prepared).await;
            state.declared = config.declared;
            let changes = reloaded.changes() as u64;
            self.parts.tables.events.publish(Event::Reloaded { file, changes, refused: 0 });
            tracing::info!(config = reloaded.file, changes, "configuration reloaded");
        }
        Ok(reloaded)
    }

    fn refused(&self, file: &str, refusal: ReloadRefusal) -> ReloadRefusal {
        tracing::error!(file, error = %refusal, "the configuration was not reloaded");
        self.parts
            .tables
            .events
            .publish(Event::ReloadFailed { file: file.to_owned(), reason: refusal.to_string() });
        refusal
    }

    /// Nobody else changes the tables between the look at them and the change.
    async fn follow(
        &self,
        base: &Declared,
        config: &Config,
        request: ReloadRequest,
        file: &str,
    ) -> Result<Reloaded, ReloadRefusal> {
        let wanted = &config.declared;
        let no_room = self.parts.host.refused(new_families(&wanted.commands())).await;
        let turn = self.parts.tables.lock.lock().await;
        let before = self.parts.declared.snapshot(&base.sysctls, &[&wanted.sysctls]);
        let (target, sysctls) = match request {
            ReloadRequest::Reconcile { .. } => {
                let there = Declared { sysctls: before.sysctls.clone(), ..Declared::default() };
                (self.parts.sources.complete(wanted.tables()), wanted.sysctl_changes(&there))
            }
            ReloadRequest::Follow { .. } | ReloadRequest::Compare => {
                (wanted.merged(base, &before.tables.services), wanted.sysctl_changes(base))
            }
        };
        let mut commands = vec![Command::Replace(target.clone())];
        commands.extend(sysctls.iter().cloned());
        let dead = DeadFamilies::of(&self.parts.host, &no_room);
        if let Some(error) = commands.iter().find_map(|command| dead.refusal(command, &self.parts.tables)) {
            return Err(ReloadRefusal::Refused(error));
        }
        let mut warnings: Vec<String> = config.notes.iter().map(Note::to_string).collect();
        let checks = changed_checks(base, wanted);
        let file = file.to_owned();
        if request.is_dry_run() {
            let mut after = Snapshot { tables: target, ..Snapshot::default() }.completed(&before);
            after.sysctls.clone_from(&before.sysctls);
            for command in sysctls {
                if let Command::SetSysctl { name, value } = command {
                    after.sysctls.insert(name, value);
                }
            }
            return Ok(Reloaded { file, before, after, checks, warnings, ..Reloaded::default() });
        }
        let results = self.parts.declared.change(wanted, &commands);
        let after = self.parts.declared.snapshot(&wanted.sysctls, &[&base.sysctls]);
        drop(turn);
        warnings.extend(self.parts.follow_up.after_change().await);
        for result in results {
            result.map_err(ReloadRefusal::Refused)?;
        }
        Ok(Reloaded { file, before, after, checks, warnings, ..Reloaded::default() })
    }
}

/// Services of both whose checks, or what follows from them, are other.
fn changed_checks(base: &Declared, wanted: &Declared) -> Vec<String> {
    let is_in = |declared: &Declared, health| declared.health.contains(health);
    let old = base.health.iter().filter(|health| !is_in(wanted, health));
    let new = wanted.health.iter().filter(|health| !is_in(base, health));
    let mut names: Vec<String> = old.chain(new).map(|health| health.service.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

/// Says in the log what a file says that is not done.
pub fn tell(notes: &[Note]) {
    for note in notes {
        match note.kind {
            NoteKind::Skipped => tracing::info!(place = %note.place, "skipped: {}", note.what),
            NoteKind::Mistake => tracing::warn!(place = %note.place, "{}", note.what),
            NoteKind::Lost => tracing::error!(place = %note.place, "{}", note.what),
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::daemon::service::DirectorService;

    use lvs::director::{Command, Query, Reply};
    use lvs_control::OnError;

    const ONE: &str = "[[service]]\naddress = \"10.0.0.1:80\"\n";
    const TWO: &str = "[[service]]\naddress = \"10.0.0.2:80\"\n";

    fn services(live: &DirectorService) -> Vec<String> {
        let Ok(Reply::Services(services)) =
            live.tables.director.query(&Query::Services, live.tables.clock.now())
        else {
            panic!()
        };
        let mut keys: Vec<String> = services.iter().map(|service| service.spec.key.to_string()).collect();
        keys.sort();
        keys
    }

    const FOLLOW: ReloadRequest = ReloadRequest::Follow { dry_run: false };

    /// A director without a host, and the file that it reads.
    fn live() -> (DirectorService, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        let live = DirectorService::of_test(Some(Source::new(file.path())), Declared::default());
        (live, file)
    }

    async fn typed(live: &DirectorService, commands: Vec<Command>) {
        let applied = live.commands.run(&commands, OnError::Stop).await;
        applied.results.into_iter().collect::<Result<(), _>>().unwrap();
    }

    fn declared(text: &str) -> Declared {
        Config::parse(text, Path::new("typed")).unwrap().declared
    }

    #[tokio::test]
    async fn a_reload_follows_the_file_and_a_wrong_file_changes_nothing() {
        let (live, file) = live();
        let reload_with = async |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            let outcome = live.configuration.reload(FOLLOW).await;
            (services(&live), outcome)
        };
        assert_eq!(reload_with(ONE).await.0, ["TCP 10.0.0.1:80"]);
        let (kept, refused) = reload_with(&format!("{ONE}{ONE}")).await;
        assert_eq!(kept, ["TCP 10.0.0.1:80"]);
        let refusal = refused.unwrap_err().to_string();
        assert!(
            refusal.ends_with(":3:1: virtual service TCP 10.0.0.1:80 already exists; nothing was changed"),
            "{refusal}"
        );
        assert_eq!(reload_with("[[service]]\naddress = 7\n").await.0, ["TCP 10.0.0.1:80"]);
        let (there, reloaded) = reload_with(TWO).await;
        assert_eq!((there, reloaded.unwrap().changes()), (vec!["TCP 10.0.0.2:80".to_owned()], 2));
        assert_eq!(reload_with("").await.0, Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_refused_change_changes_nothing_at_all() {
        let (live, file) = live();
        let nowhere = "[[sync]]\nrole = \"backup\"\ninterface = \"nosuch0\"\n[sysctl]\ndrop_entry = 2\n";
        std::fs::write(file.path(), format!("{nowhere}{ONE}")).unwrap();
        let refusal = live.configuration.reload(FOLLOW).await.unwrap_err();
        assert!(matches!(refusal, ReloadRefusal::Refused(_)), "{refusal}");
        assert_eq!(services(&live), Vec::<String>::new());
        let Ok(Reply::Sysctls(entries)) = live
            .tables
            .director
            .query(&Query::Sysctls(Some("drop_entry".to_owned())), live.tables.clock.now())
        else {
            panic!()
        };
        assert_eq!(entries[0].value, "0");
    }

    #[tokio::test]
    async fn what_commands_changed_stays_until_it_is_reconciled() {
        let (live, file) = live();
        typed(&live, declared(TWO).commands()).await;
        std::fs::write(file.path(), ONE).unwrap();
        live.configuration.reload(FOLLOW).await.unwrap();
        assert_eq!(services(&live), ["TCP 10.0.0.1:80", "TCP 10.0.0.2:80"]);
        let compared = live.configuration.reload(ReloadRequest::Compare).await.unwrap();
        assert_eq!((compared.before.tables.services.len(), compared.after.tables.services.len()), (1, 2));

        let dry = live.configuration.reload(ReloadRequest::Reconcile { dry_run: true }).await.unwrap();
        assert_eq!((dry.changes(), services(&live).len()), (1, 2));
        assert_eq!(
            live.configuration.reload(ReloadRequest::Reconcile { dry_run: false }).await.unwrap(),
            Reloaded { ..dry }
        );
        assert_eq!(services(&live), ["TCP 10.0.0.1:80"]);

        typed(&live, vec![Command::Flush]).await;
        assert_eq!(live.configuration.reload(FOLLOW).await.unwrap().changes(), 0);
        assert_eq!(services(&live), Vec::<String>::new());
        live.configuration.reload(ReloadRequest::Reconcile { dry_run: false }).await.unwrap();
        assert_eq!(live.configuration.reload(ReloadRequest::Compare).await.unwrap().changes(), 0);
    }

    #[tokio::test]
    async fn settings_follow_and_return_and_a_dry_run_only_says_so() {
        let (live, file) = live();
        std::fs::write(file.path(), "[sysctl]\ndrop_entry = 2\n[timeouts]\nudp = 9\n").unwrap();
        let dry = live.configuration.reload(ReloadRequest::Follow { dry_run: true }).await.unwrap();
        assert_eq!(
            (dry.before.sysctls["drop_entry"].as_str(), dry.after.sysctls["drop_entry"].as_str()),
            ("0", "2")
        );
        assert_eq!(dry.changes(), 2);
        assert_eq!(live.configuration.reload(FOLLOW).await.unwrap(), dry);
        assert_eq!(live.configuration.reload(FOLLOW).await.unwrap().changes(), 0);
        std::fs::write(file.path(), "").unwrap();
        let back = live.configuration.reload(FOLLOW).await.unwrap();
        assert_eq!((back.changes(), back.after.sysctls["drop_entry"].as_str()), (1, "0"));
    }

    #[tokio::test]
    async fn without_a_file_there_is_nothing_to_reload() {
        let live = DirectorService::of_test(None, Declared::default());
        assert_eq!(live.configuration.reload(FOLLOW).await, Err(ReloadRefusal::NoFile));
    }
}
