//! Source hashing: 256 slots by client address (and port with `sh-port`), filled by weight. With `sh-fallback` an
//! unusable server's clients go to other slots. Same job as `ip_vs_sh.c`.

use std::sync::Arc;

use super::hash::{fold, hash_32};
use super::{Flow, Scheduler, SchedulerClass, ServerChange, is_usable, weight};
use crate::service::{Family, RealServer, SchedulerFlags};

const TABLE_BITS: u32 = 8;
const TABLE_SIZE: usize = 1 << TABLE_BITS;

const FALLBACK: SchedulerFlags = SchedulerFlags::FLAG_1;
const PORT: SchedulerFlags = SchedulerFlags::FLAG_2;

pub(super) const FLAGS: &[(&str, SchedulerFlags)] = &[("sh-fallback", FALLBACK), ("sh-port", PORT)];

#[derive(Clone, Debug)]
pub(super) struct SourceHashing {
    /// Indices of servers; empty without servers.
    slots: Vec<usize>,
}

impl SourceHashing {
    pub(super) fn new(servers: &[Arc<RealServer>]) -> Self {
        // A server of weight 0 keeps one slot, whose clients get nobody.
        let shares =
            servers.iter().enumerate().flat_map(|(at, server)| (0..weight(server).max(1)).map(move |_| at));
        Self { slots: shares.cycle().take(TABLE_SIZE).collect() }
    }
}

impl Scheduler for SourceHashing {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Hash
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize> {
        let addr = flow.client.addr;
        let port = if flow.flags.has(PORT) { u32::from(flow.client.port) } else { 0 };
        let hash = hash_32(port.wrapping_add(fold(addr, Family::of(&addr))), TABLE_BITS) as usize;
        let usable_at = |slot: usize| {
            let at = *self.slots.get(slot % TABLE_SIZE)?;
            servers.get(at).is_some_and(|server| is_usable(server)).then_some(at)
        };
        let chosen = usable_at(hash);
        if chosen.is_some() || !flow.flags.has(FALLBACK) {
            return chosen;
        }
        // The kernel adds the hash twice: the search begins at slot 2 * hash.
        (0..TABLE_SIZE).find_map(|offset| usable_at(hash + (offset + hash) % TABLE_SIZE))
    }

    fn servers_changed(&mut self, servers: &[Arc<RealServer>], _change: ServerChange) {
        *self = Self::new(servers);
    }
}
