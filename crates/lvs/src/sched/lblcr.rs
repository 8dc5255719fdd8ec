//! Locality-based least connections with replication: a virtual address has a set of servers, which grows under
//! load and shrinks when it has not changed for a while. Same job as `ip_vs_lblcr.c`.

use std::sync::Arc;
use std::time::Duration;

use super::locality::Cache;
use super::{
    Flow, Remembered, Scheduler, SchedulerClass, is_outweighed, is_usable, least_loaded, overhead, weight,
};
use crate::service::RealServer;
use crate::time::Time;

#[derive(Clone, Debug, Default)]
pub(super) struct ReplicatedLocality {
    cache: Cache<ServerSet>,
}

#[derive(Clone, Debug)]
struct ServerSet {
    /// Newest first.
    members: Vec<Arc<RealServer>>,
    changed: Time,
}

impl ServerSet {
    fn insert(&mut self, server: &Arc<RealServer>, now: Time) {
        if !self.members.iter().any(|member| Arc::ptr_eq(member, server)) {
            self.members.insert(0, Arc::clone(server));
            self.changed = now;
        }
    }

    fn least(&self) -> Option<Arc<RealServer>> {
        let is_candidate = |member: &RealServer| is_usable(member) && member.is_available();
        least_loaded(&self.members, is_candidate, overhead).map(|at| Arc::clone(&self.members[at]))
    }

    /// Gives up the member with the most load, once the set has not changed for long enough.
    fn shrink(&mut self, now: Time, expiration: Duration) {
        if self.members.len() > 1
            && now.since(self.changed) > expiration
            && let Some(most) = most_loaded(&self.members)
        {
            self.members.remove(most);
            self.changed = now;
        }
    }
}

impl Scheduler for ReplicatedLocality {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Locality
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize> {
        let addr = flow.virt.addr;
        let Some(set) = self.cache.touch(addr, flow.now, flow.expirations.lblcr) else {
            let chosen = least_loaded(servers, is_usable, overhead)?;
            let set = ServerSet { members: vec![Arc::clone(&servers[chosen])], changed: flow.now };
            self.cache.insert(addr, set, flow.now);
            return Some(chosen);
        };
        let least = set.least();
        set.shrink(flow.now, flow.expirations.lblcr);
        let kept = least
            .filter(|least| !is_outweighed(least, servers))
            .and_then(|least| servers.iter().position(|server| Arc::ptr_eq(server, &least)));
        if kept.is_some() {
            return kept;
        }
        let chosen = least_loaded(servers, is_usable, overhead)?;
        set.insert(&servers[chosen], flow.now);
        Some(chosen)
    }

    fn remembered(&self) -> Vec<Remembered> {
        let remembered = |(addr, set, last_use): (_, &ServerSet, _)| {
            let (servers, changed) = (set.members.clone(), set.changed);
            Remembered { addr, servers, last_use, changed }
        };
        self.cache.entries().map(remembered).collect()
    }

    fn remember(&mut self, Remembered { addr, servers: members, last_use, changed }: Remembered) {
        self.cache.insert(addr, ServerSet { members, changed }, last_use);
    }
}

/// The first member with the most overhead / weight, among those that have a weight.
fn most_loaded(members: &[Arc<RealServer>]) -> Option<usize> {
    let mut most: Option<usize> = None;
    for (at, member) in members.iter().enumerate().filter(|(_, member)| !member.is_quiesced()) {
        let scaled = |of: &RealServer, by: &RealServer| u128::from(overhead(of)) * u128::from(weight(by));
        if most.is_none_or(|most| scaled(&members[most], member) < scaled(member, &members[most])) {
            most = Some(at);
        }
    }
    most
}
