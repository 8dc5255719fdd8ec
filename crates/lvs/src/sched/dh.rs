//! Destination hashing: 256 slots by virtual address, servers in turn, weights ignored except 0. Same job as
//! `ip_vs_dh.c`.

use std::sync::Arc;

use super::hash::{fold, hash_32};
use super::{Flow, Scheduler, SchedulerClass, is_usable};
use crate::service::{Family, RealServer};

const TABLE_BITS: u32 = 8;

#[derive(Clone, Debug)]
pub(super) struct DestinationHashing;

impl Scheduler for DestinationHashing {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Hash
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize> {
        let addr = flow.virt.addr;
        let slot = hash_32(fold(addr, Family::of(&addr)), TABLE_BITS) as usize;
        let at = slot.checked_rem(servers.len())?;
        is_usable(&servers[at]).then_some(at)
    }
}
