//! Maglev hashing: a table of prime size by client address (and port with `mh-port`) that changes little when
//! servers do. With `mh-fallback` an unusable server's clients go to others. Same job as `ip_vs_mh.c`.

use std::sync::Arc;

use super::hash::{fold, hsiphash};
use super::{Flow, Scheduler, SchedulerClass, ServerChange, gcd, is_usable};
use crate::service::{Endpoint, Family, RealServer, SchedulerFlags};

/// The prime of the kernel's default table index, 12, and the weight bits that go with it.
const TABLE_SIZE: u32 = 4093;
const WEIGHT_BITS: u32 = 6;

const POSITION_KEY: u64 = 2_654_435_761;
const SKIP_KEY: u64 = 2_654_446_892;

const FALLBACK: SchedulerFlags = SchedulerFlags::FLAG_1;
const PORT: SchedulerFlags = SchedulerFlags::FLAG_2;

pub(super) const FLAGS: &[(&str, SchedulerFlags)] = &[("mh-fallback", FALLBACK), ("mh-port", PORT)];

#[derive(Clone, Debug)]
pub(super) struct MaglevHashing {
    /// Indices of servers; empty when no server ever had a weight.
    slots: Vec<u32>,
}

/// A server that fills the table.
struct Filler {
    server: u32,
    next: u32,
    skip: u32,
    /// Slots it takes each time it is its turn.
    turns: u64,
}

impl MaglevHashing {
    pub(super) fn new(servers: &[Arc<RealServer>]) -> Self {
        let mut fillers = fillers(servers);
        if fillers.is_empty() {
            return Self { slots: Vec::new() };
        }
        let mut slots = vec![None; TABLE_SIZE as usize];
        let mut free = TABLE_SIZE;
        'filling: loop {
            for filler in &mut fillers {
                for _ in 0..filler.turns {
                    while slots[filler.next as usize].is_some() {
                        filler.next = (filler.next + filler.skip) % TABLE_SIZE;
                    }
                    slots[filler.next as usize] = Some(filler.server);
                    free -= 1;
                    if free == 0 {
                        break 'filling;
                    }
                }
            }
        }
        Self { slots: slots.into_iter().flatten().collect() }
    }

    fn server_at(&self, key: u32, offset: u32) -> Option<usize> {
        let slot = hsiphash(offset.wrapping_add(key), POSITION_KEY) % TABLE_SIZE;
        self.slots.get(slot as usize).map(|at| *at as usize)
    }
}

impl Scheduler for MaglevHashing {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Hash
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize> {
        let usable = |at: &usize| servers.get(*at).is_some_and(|server| is_usable(server));
        let port = if flow.flags.has(PORT) { flow.client.port } else { 0 };
        let key = key(Endpoint::new(flow.client.addr, port), Family::of(&flow.client.addr));
        let chosen = self.server_at(key, 0)?;
        if usable(&chosen) {
            return Some(chosen);
        }
        if !flow.flags.has(FALLBACK) {
            return None;
        }
        let start = hsiphash(key, POSITION_KEY) % TABLE_SIZE;
        (0..TABLE_SIZE).filter_map(|offset| self.server_at(key, (offset + start) % TABLE_SIZE)).find(usable)
    }

    fn servers_changed(&mut self, servers: &[Arc<RealServer>], _change: ServerChange) {
        *self = Self::new(servers);
    }
}

/// The servers with a share. It goes by the last weight that was not 0, so that a server that is set to 0 for a
/// while keeps its place.
fn fillers(servers: &[Arc<RealServer>]) -> Vec<Filler> {
    let weight_of = |server: &RealServer| u64::from(server.last_weight().max(0).unsigned_abs());
    let weights = || servers.iter().map(|server| weight_of(server)).filter(|weight| *weight > 0);
    let (Some(divisor), Some(max)) = (weights().reduce(gcd), weights().max()) else { return Vec::new() };
    let shift = (u64::BITS - (max / divisor).leading_zeros()).saturating_sub(WEIGHT_BITS);
    (0..)
        .zip(servers)
        .filter(|(_, server)| weight_of(server) > 0)
        .map(|(at, server)| {
            let key = key(server.endpoint(), server.service().family());
            Filler {
                server: at,
                next: hsiphash(key, POSITION_KEY) % TABLE_SIZE,
                skip: hsiphash(key, SKIP_KEY) % (TABLE_SIZE - 1) + 1,
                turns: ((weight_of(server) / divisor) >> shift).max(1),
            }
        })
        .collect()
}

fn key(of: Endpoint, family: Family) -> u32 {
    u32::from(of.port).wrapping_add(fold(of.addr, family))
}
