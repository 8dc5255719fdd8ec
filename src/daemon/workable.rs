//! Services that would be dead on this host: no command may add one.

use std::collections::{BTreeMap, BTreeSet};

use super::host_reconciler::HostReconciler;
use super::live_tables::LiveTables;
use lvs::director::{Command, CommandError};
use lvs::service::{Family, ServiceKey};
use lvs_host::HostError;

/// Families that packets cannot pass in, or that the host has no room for, and why.
pub(super) struct DeadFamilies(BTreeMap<Family, String>);

impl DeadFamilies {
    /// `refused`: families that the host has no room for.
    pub(super) fn of(host: &HostReconciler, refused: &BTreeMap<Family, HostError>) -> Self {
        let why = |family: Family| {
            let unworkable = host.workable(family).err().map(|error| error.to_string());
            unworkable.or_else(|| refused.get(&family).map(ToString::to_string))
        };
        Self([Family::V4, Family::V6].into_iter().filter_map(|family| Some((family, why(family)?))).collect())
    }

    /// Why a command is not carried out: a service that it adds would be dead.
    pub(super) fn refusal(&self, command: &Command, tables: &LiveTables) -> Option<CommandError> {
        if self.0.is_empty() {
            return None;
        }
        let there: BTreeSet<ServiceKey> = match command {
            Command::Replace(_) => tables.services().iter().map(|entry| entry.spec.key).collect(),
            _ => BTreeSet::new(),
        };
        let mut new = added(command).filter(|key| !there.contains(key));
        new.find_map(|key| self.0.get(&key.family())).cloned().map(CommandError::HostCannot)
    }
}

/// The services that will be there by the command, and may not have been.
fn added(command: &Command) -> impl Iterator<Item = &ServiceKey> {
    let (one, all) = match command {
        Command::AddService(spec) => (Some(&spec.key), None),
        Command::Replace(tables) => (None, Some(&tables.services)),
        _ => (None, None),
    };
    one.into_iter().chain(all.into_iter().flatten().map(|service| &service.spec.key))
}

/// Families of the services that these commands may add.
pub(super) fn new_families(commands: &[Command]) -> BTreeSet<Family> {
    commands.iter().flat_map(added).map(ServiceKey::family).collect()
}
