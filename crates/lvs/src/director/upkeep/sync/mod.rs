//! The director's share in synchronisation: what a master tells of its connections, and how a backup takes over
//! what it hears. Same job as `ip_vs_sync_conn` and `ip_vs_proc_conn`; the sockets are the daemon's.
//!
//! The queue of messages is locked after connections, never the other way round.

mod backup;
mod master;
pub(in crate::director) mod peers;
pub(in crate::director) mod state;
mod tellers;

use std::sync::atomic::Ordering::Relaxed;

use crate::director::control::command::{DaemonRole, DaemonSpec};
use crate::director::control::sysctl::Sysctl;
use crate::director::{Director, Time};
use crate::sync::{MAX_PORTS, Master, Outgoing, Rejected};

impl Director {
    /// Ports of each sync daemon.
    pub fn sync_ports(&self) -> usize {
        self.sync.ports.load(Relaxed).max(1)
    }

    /// Whether a message is full, and waits to be sent.
    pub fn has_full_sync_message(&self) -> bool {
        self.sync.has_full.load(Relaxed)
    }

    /// The messages that a master is to send by now.
    pub fn take_sync_messages(&self, now: Time) -> Vec<Outgoing> {
        let mut master = self.sync.master.lock();
        let Some((_, master)) = master.as_mut() else { return Vec::new() };
        let messages = master.take(now);
        self.sync.has_full.store(master.has_full(), Relaxed);
        self.sync.counters.sent_messages.fetch_add(messages.len() as u64, Relaxed);
        messages
    }

    /// The messages that a master has not sent yet, however short they are: nothing is told here any more.
    pub fn take_last_sync_messages(&self) -> Vec<Outgoing> {
        self.take_sync_messages(Time(u64::MAX))
    }

    /// Whether connections came meanwhile whose servers are not declared here: what is captured may have changed.
    pub fn has_undeclared_servers(&self) -> bool {
        self.sync.has_undeclared.load(Relaxed)
    }

    /// Returns the counts of synchronisation so far, by name.
    pub fn sync_counters(&self) -> Vec<(String, u64)> {
        let counters = &self.sync.counters;
        let fixed = [
            ("sent_messages", &counters.sent_messages),
            ("sent_records", &counters.sent_records),
            ("lost_messages", &counters.lost_messages),
            ("heard_messages", &counters.heard_messages),
            ("heard_records", &counters.heard_records),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name.to_owned(), value.load(Relaxed)));
        let rejected = Rejected::ALL.iter().map(|reason| {
            (format!("rejected_{}", reason.name()), counters.rejected[*reason as usize].load(Relaxed))
        });
        fixed.chain(rejected).collect()
    }

    /// With `backup_only`, a backup takes connections over and directs none.
    pub(in crate::director) fn is_backup_only(&self) -> bool {
        self.sync.is_backup.load(Relaxed) && self.sysctls.is_on(Sysctl::BackupOnly)
    }

    /// Begins and ends what the daemons need. Called with every change of them.
    pub(in crate::director) fn follow_daemons(&self, daemons: &[DaemonSpec]) {
        let of = |role| daemons.iter().find(|daemon| daemon.role == role);
        let sync = &self.sync;
        if daemons.is_empty() {
            sync.ports.store(0, Relaxed);
        } else if sync.ports.load(Relaxed) == 0 {
            let ports = self.sysctls.value(Sysctl::SyncPorts).clamp(1, MAX_PORTS as i64);
            sync.ports.store(ports as usize, Relaxed);
        }
        let mut master = sync.master.lock();
        let wanted = of(DaemonRole::Master);
        if wanted != master.as_ref().map(|(spec, _)| spec) {
            *master = wanted.map(|spec| {
                let max_len = spec.resolved(1500).max_len.into();
                (spec.clone(), Master::new(spec.sync_id as u8, max_len, sync.ports.load(Relaxed)))
            });
            sync.has_full.store(false, Relaxed);
        }
        sync.is_master.store(master.is_some(), Relaxed);
        let backup = of(DaemonRole::Backup);
        sync.backup_id.store(backup.map_or(0, |spec| spec.sync_id as u8), Relaxed);
        sync.is_backup.store(backup.is_some(), Relaxed);
    }
}

#[cfg(test)]
mod tests;
