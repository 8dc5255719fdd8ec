//! Commands of the control socket: tables change, what checks had done already is no mistake, and the host follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checks::HealthChecks;
use super::follow_up::FollowUp;
use super::host_reconciler::HostReconciler;
use super::live_tables::LiveTables;
use super::workable::{DeadFamilies, new_families};
use lvs::director::{Command, CommandError};
use lvs::service::Family;
use lvs_control::{Applied, OnError};
use lvs_host::HostError;

#[derive(Debug)]
pub(super) struct Commands {
    tables: Arc<LiveTables>,
    host: Arc<HostReconciler>,
    checks: Arc<HealthChecks>,
    follow_up: Arc<FollowUp>,
}

impl Commands {
    pub(super) const fn new(
        tables: Arc<LiveTables>,
        host: Arc<HostReconciler>,
        checks: Arc<HealthChecks>,
        follow_up: Arc<FollowUp>,
    ) -> Self {
        Self { tables, host, checks, follow_up }
    }

    /// Changes tables, then the host.
    pub(super) async fn run(&self, commands: &[Command], on_error: OnError) -> Applied {
        let _going = self.tables.pause.read().await;
        let refused = self.host.refused(new_families(commands)).await;
        let results = {
            let _held = self.tables.lock.lock().await;
            let mut results = self.change_workable(commands, on_error, &refused);
            self.checks.follow_hand(commands, &mut results);
            results
        };
        Applied { results, warnings: self.follow_up.after_change().await }
    }

    /// Changes tables but for services that would be dead on this host. The caller has the lock.
    fn change_workable(
        &self,
        mut commands: &[Command],
        on_error: OnError,
        refused: &BTreeMap<Family, HostError>,
    ) -> Vec<Result<(), CommandError>> {
        let dead = DeadFamilies::of(&self.host, refused);
        let refusal = |command: &Command| dead.refusal(command, &self.tables);
        let mut results = Vec::with_capacity(commands.len());
        loop {
            let at = commands.iter().position(|command| refusal(command).is_some());
            let (before, rest) = commands.split_at(at.unwrap_or(commands.len()));
            results.extend(self.tables.change(before, on_error));
            let has_ended = on_error == OnError::Stop && results.last().is_some_and(Result::is_err);
            let Some((command, rest)) = rest.split_first().filter(|_| !has_ended) else { return results };
            results.push(refusal(command).map_or(Ok(()), Err));
            if on_error == OnError::Stop {
                return results;
            }
            commands = rest;
        }
    }
}
