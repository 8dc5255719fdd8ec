//! Tables as the configuration, or a director before, has them: declared to checks and sources first, then made so.
//!
//! Owns the order in which these follow. Called at the start and by reloads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checks::HealthChecks;
use super::discovery::Sources;
use super::error::DaemonError;
use super::host_reconciler::HostReconciler;
use super::kept_tables::KeptTables;
use super::live_tables::LiveTables;
use super::workable::new_families;
use lvs::director::{Command, CommandError, Query, Reply, Sysctls, Tables};
use lvs_config::Declared;
use lvs_control::reload::as_said;
use lvs_control::{OnError, Snapshot};

#[derive(Debug)]
pub(super) struct DeclaredTables {
    tables: Arc<LiveTables>,
    checks: Arc<HealthChecks>,
    sources: Arc<Sources>,
    host: Arc<HostReconciler>,
}

impl DeclaredTables {
    pub(super) const fn new(
        tables: Arc<LiveTables>,
        checks: Arc<HealthChecks>,
        sources: Arc<Sources>,
        host: Arc<HostReconciler>,
    ) -> Self {
        Self { tables, checks, sources, host }
    }

    /// Makes the tables be as the configuration declares them; the host is to follow.
    pub(super) async fn declare(&self, declared: &Declared) -> Result<(), DaemonError> {
        let commands = declared.commands();
        let families = new_families(&commands);
        let refused = self.host.refused(families.clone()).await;
        if let Some((_, why)) = refused.into_iter().next() {
            return Err(why.into());
        }
        let results = {
            let _held = self.tables.lock.lock().await;
            self.change(declared, &commands)
        };
        families.into_iter().try_for_each(|family| self.host.workable(family))?;
        Ok(results.into_iter().collect::<Result<(), _>>()?)
    }

    /// Makes the tables be as a director before had them, and follow the configuration where that says something else by now.
    pub(super) async fn declare_after(
        &self,
        before: Option<KeptTables>,
        declared: &Declared,
    ) -> Result<(), DaemonError> {
        let Some(before) = before else { return self.declare(declared).await };
        let commands = before.commands(declared);
        let refused = self.host.refused(new_families(&commands)).await;
        let results = {
            let _held = self.tables.lock.lock().await;
            match refused.into_iter().next() {
                Some((_, why)) => {
                    self.sources.declare(declared);
                    return Err(why.into());
                }
                None => self.change(declared, &commands),
            }
        };
        match results.into_iter().find_map(Result::err) {
            None => {
                tracing::info!(services = before.there.tables.services.len(), "the tables are as before");
                Ok(())
            }
            Some(error) => {
                tracing::warn!(%error, "the tables cannot be as before: the configuration alone counts");
                self.tables.change(&[Command::Flush], OnError::Stop);
                self.declare(declared).await
            }
        }
    }

    /// Changes tables to what is declared, checks and sources with them. The caller has the lock.
    pub(super) fn change(&self, declared: &Declared, commands: &[Command]) -> Vec<Result<(), CommandError>> {
        self.sources.declare(declared);
        let results = self.checks.configure(commands, OnError::Stop);
        self.sources.settle(None);
        results
    }

    /// Settings that are not as they are by default.
    pub(super) fn other_sysctls(&self) -> BTreeMap<String, String> {
        let reply = self.tables.director.query(&Query::Sysctls(None), self.tables.clock.now());
        let Ok(Reply::Sysctls(entries)) = reply else { return BTreeMap::new() };
        let defaults = Sysctls::default();
        let default = defaults.read(None).unwrap_or_default();
        let is_other = |entry: &lvs::director::SysctlEntry| !default.contains(entry);
        entries.into_iter().filter(is_other).map(|entry| (entry.name, entry.value)).collect()
    }

    /// Returns the present state of what can be declared, with the settings that are said and some others.
    pub(super) fn snapshot(
        &self,
        said: &BTreeMap<String, String>,
        others: &[&BTreeMap<String, String>],
    ) -> Snapshot {
        let mut tables = Tables::default();
        for query in [Query::Services, Query::Timeouts, Query::Daemons] {
            match self.tables.director.query(&query, self.tables.clock.now()) {
                Ok(Reply::Services(entries)) => {
                    let declared = entries.into_iter().map(|mut entry| {
                        let taken_out = self.checks.undo(&mut entry);
                        let mut declared = entry.into_declared();
                        declared.servers.extend(taken_out);
                        declared
                    });
                    tables.services = declared.collect();
                }
                Ok(Reply::Timeouts(timeouts)) => tables.timeouts = Some(timeouts),
                Ok(Reply::Daemons(daemons)) => tables.daemons = Some(daemons),
                _ => {}
            }
        }
        let names = said.keys().chain(others.iter().flat_map(|other| other.keys()));
        let values = names.filter_map(|name| {
            let reply =
                self.tables.director.query(&Query::Sysctls(Some(name.clone())), self.tables.clock.now());
            let Ok(Reply::Sysctls(entries)) = reply else { return None };
            let value = entries.into_iter().next()?.value;
            Some((name.clone(), as_said(name, value, said.get(name))))
        });
        Snapshot { tables, sysctls: values.collect::<BTreeMap<_, _>>() }
    }
}
