//! Locality-based least connections: a virtual address stays with one server, until it is overloaded while another
//! is half idle. Same job as `ip_vs_lblc.c`.

use std::sync::Arc;

use super::locality::Cache;
use super::{Flow, Remembered, Scheduler, SchedulerClass, is_outweighed, is_usable, least_loaded, overhead};
use crate::service::RealServer;

#[derive(Clone, Debug, Default)]
pub(super) struct LocalityLeastConnection {
    cache: Cache<Arc<RealServer>>,
}

impl Scheduler for LocalityLeastConnection {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Locality
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize> {
        let addr = flow.virt.addr;
        if let Some(cached) = self.cache.touch(addr, flow.now, flow.expirations.lblc) {
            // Its connection limit is not asked for, as in the kernel.
            let takes_more =
                cached.is_available() && !cached.is_quiesced() && !is_outweighed(cached, servers);
            let at = servers.iter().position(|server| Arc::ptr_eq(server, cached));
            if let Some(at) = at.filter(|_| takes_more) {
                return Some(at);
            }
        }
        let chosen = least_loaded(servers, is_usable, overhead)?;
        self.cache.insert(addr, Arc::clone(&servers[chosen]), flow.now);
        Some(chosen)
    }

    fn remembered(&self) -> Vec<Remembered> {
        let remembered = |(addr, server, last_use): (_, &Arc<RealServer>, _)| {
            let servers = vec![Arc::clone(server)];
            Remembered { addr, servers, last_use, changed: last_use }
        };
        self.cache.entries().map(remembered).collect()
    }

    fn remember(&mut self, Remembered { addr, servers, last_use, .. }: Remembered) {
        servers.into_iter().for_each(|server| self.cache.insert(addr, server, last_use));
    }
}
