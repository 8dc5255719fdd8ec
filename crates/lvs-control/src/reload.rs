//! Reloads and what they change, as the control socket carries them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use lvs::director::{CommandError, Tables};
use lvs::service::{DeclaredService, Endpoint, ServerSpec};

/// Treatment of the configuration file that the director was started with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadRequest {
    /// Read it again, and follow what changed in it.
    Follow { dry_run: bool },
    /// Read it again, and make everything be as it says, whatever commands have changed.
    Reconcile { dry_run: bool },
    /// Only say how what is there differs from what was read last.
    Compare,
}

impl ReloadRequest {
    /// Nothing is changed.
    pub const fn is_dry_run(self) -> bool {
        matches!(self, Self::Follow { dry_run: true } | Self::Reconcile { dry_run: true } | Self::Compare)
    }
}

/// Two pictures of what can be declared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// The file that was read.
    pub file: String,
    pub before: Snapshot,
    pub after: Snapshot,
    /// Services whose checks, or what follows from them, are other than before.
    pub checks: Vec<String>,
    /// Differences of metrics and flow log, each a line.
    #[serde(rename = "watching")]
    pub exporters: Vec<String>,
    /// Parts of the file that are not done, or that the host could not do; each a sentence.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub tables: Tables,
    /// Settings of `net.ipv4.vs` that the file names, or named.
    pub sysctls: BTreeMap<String, String>,
}

impl Snapshot {
    /// With what is left out as it is there. Of timeouts, 0 leaves one as it is.
    #[must_use]
    pub fn completed(mut self, there: &Self) -> Self {
        let tables = &mut self.tables;
        if let (Some(wanted), Some(there)) = (&mut tables.timeouts, there.tables.timeouts) {
            for (wanted, there) in [
                (&mut wanted.tcp, there.tcp),
                (&mut wanted.tcp_fin, there.tcp_fin),
                (&mut wanted.udp, there.udp),
            ] {
                if *wanted == 0 {
                    *wanted = there;
                }
            }
        }
        tables.timeouts = tables.timeouts.or(there.tables.timeouts);
        if tables.daemons.is_none() {
            tables.daemons.clone_from(&there.tables.daemons);
        }
        self
    }
}

/// The value of a setting as it was said. A defence that was set to 2 waits at 1 and fights at 2, by itself.
pub fn as_said(name: &str, value: String, said: Option<&String>) -> String {
    let goes_by_itself = matches!(name, "drop_entry" | "drop_packet" | "secure_tcp");
    match said {
        Some(said)
            if goes_by_itself && [said.as_str(), &value].iter().all(|one| matches!(*one, "1" | "2")) =>
        {
            said.clone()
        }
        _ => value,
    }
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ReloadRefusal {
    #[error("the director was started without --config: there is nothing to reload")]
    NoFile,
    #[error("{0}; nothing was changed")]
    Wrong(String),
    #[error("{0}; nothing was changed")]
    Refused(CommandError),
}

impl Reloaded {
    /// How many services, servers and settings differ.
    pub fn changes(&self) -> usize {
        let (before, after) = (&self.before.tables, &self.after.tables);
        let old: HashMap<_, _> = before.services.iter().map(|service| (service.spec.key, service)).collect();
        let new: HashMap<_, _> = after.services.iter().map(|service| (service.spec.key, service)).collect();
        let gone = old.keys().filter(|key| !new.contains_key(*key)).count();
        let others: usize = new
            .iter()
            .map(|(key, service)| match old.get(key) {
                None => 1 + service.servers.len(),
                Some(old) => usize::from(old.spec != service.spec) + servers(old, service),
            })
            .sum();
        let timeouts = after.timeouts.is_some() && before.timeouts != after.timeouts;
        let daemons = after.daemons.is_some() && before.daemons != after.daemons;
        let names: BTreeSet<_> = self.before.sysctls.keys().chain(self.after.sysctls.keys()).collect();
        let is_other = |name: &&&String| self.before.sysctls.get(**name) != self.after.sysctls.get(**name);
        let sysctls = names.iter().filter(is_other).count();
        gone + others
            + usize::from(timeouts)
            + usize::from(daemons)
            + sysctls
            + self.checks.len()
            + self.exporters.len()
    }
}

/// Servers that are in one of them only, or other in both.
fn servers(old: &DeclaredService, new: &DeclaredService) -> usize {
    let before: HashMap<Endpoint, &ServerSpec> =
        old.servers.iter().map(|server| (server.endpoint(), server)).collect();
    let after: HashMap<Endpoint, &ServerSpec> =
        new.servers.iter().map(|server| (server.endpoint(), server)).collect();
    let gone = before.keys().filter(|server| !after.contains_key(*server)).count();
    gone + after.iter().filter(|(end, server)| before.get(*end) != Some(server)).count()
}
