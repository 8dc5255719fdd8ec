//! State that a director carries to its successor beside connections, in both directions.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::state::{DrainState, Wanted};
use crate::daemon::DaemonError;
use crate::daemon::drain::Drain;
use crate::daemon::service::DirectorService;
use crate::daemon::table_file::KeptTables;
use lvs::Time;
use lvs::director::{Command, Query, Reply, Tables};
use lvs::sched::FULL_SHARE;
use lvs::service::DeclaredService;
use lvs_config::Declared;
use lvs_control::status::Queue;
use lvs_control::{Counter, OnError};
use lvs_device::TunWriter;

/// Numbers of directors before this one, which are added to its own.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Inherited {
    pub(in crate::daemon) counters: BTreeMap<String, u64>,
    pub(in crate::daemon) queues: Vec<Queue>,
}

impl DirectorService {
    /// Tables and settings as they are, checks or not.
    pub(super) fn wanted(&self) -> Wanted {
        let (mut tables, mut shares) = (Tables::default(), Vec::new());
        for query in [Query::Services, Query::Timeouts, Query::Daemons] {
            match self.director.query(&query, self.clock.now()) {
                Ok(Reply::Services(entries)) => {
                    let declared = entries.into_iter().map(|entry| DeclaredService {
                        spec: entry.spec,
                        // Listings show the newest first.
                        servers: entry.servers.into_iter().rev().map(|server| server.spec).collect(),
                    });
                    tables.services = declared.collect();
                }
                Ok(Reply::Timeouts(timeouts)) => tables.timeouts = Some(timeouts),
                Ok(Reply::Daemons(daemons)) => tables.daemons = Some(daemons),
                _ => {}
            }
        }
        for (service, server, share) in self.director.shares() {
            if share != FULL_SHARE {
                shares.push(Command::SetShare { service, server, share });
            }
        }
        Wanted { tables, sysctls: self.other_sysctls(), drained: self.director.drained(), shares }
    }

    /// Writes into the interfaces beside their queues, towards clients and towards servers.
    ///
    /// # Errors
    /// The system refuses a descriptor.
    pub(in crate::daemon) fn writers(&self) -> Result<[TunWriter; 2], DaemonError> {
        match self.estate.lock().interfaces.as_slice() {
            [vip, rs, ..] => Ok([vip.writer()?, rs.writer()?]),
            _ => Err(DaemonError::start("the interfaces")(ErrorKind::NotFound.into())),
        }
    }

    /// Follows the file of the configuration where that says something else than it did for the director before.
    ///
    /// # Errors
    /// The file says what this director refuses.
    pub(in crate::daemon) async fn go_on_with(
        &self,
        kept: KeptTables,
        declared: &Declared,
    ) -> Result<(), DaemonError> {
        if kept.is_declared(declared) {
            let _held = self.table_lock.lock().await;
            self.read_lists_again();
            self.change_tables(&[], OnError::Stop);
            self.settle_all();
            self.settle_sources(None);
        } else {
            self.declare_after(Some(kept), declared).await?;
        }
        self.follow_changed().await;
        Ok(())
    }

    pub(super) fn tunnel_program(&self) -> std::io::Result<Option<OwnedFd>> {
        self.tunnels.as_ref().map(|tunnels| tunnels.program()).transpose()
    }

    pub(in crate::daemon) fn resume_counters(&self, counters: Vec<Counter>, queues: Vec<Queue>) {
        let counters = counters.into_iter().map(|counter| (counter.name, counter.value)).collect();
        *self.inherited.lock() = Inherited { counters, queues };
    }

    pub(in crate::daemon) fn drain_states(&self, now: Time) -> Vec<DrainState> {
        let drains = self.drains.lock();
        let state = |(&(service, server), drain): (_, &Drain)| {
            let left = drain.deadline.map(|deadline| deadline.since(now).as_millis() as u64);
            DrainState { service, server, left, asked: drain.asked, reset: drain.reset }
        };
        drains.iter().map(state).collect()
    }

    pub(in crate::daemon) fn resume_drains(&self, states: &[DrainState]) {
        let now = self.clock.now();
        let drain = |state: &DrainState| {
            let deadline = state.left.map(|left| now + Duration::from_millis(left));
            let drain = Drain { deadline, asked: state.asked, reset: state.reset };
            ((state.service, state.server), drain)
        };
        self.drains.lock().extend(states.iter().map(drain));
    }
}
