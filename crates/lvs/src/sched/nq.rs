//! Never queue: the first idle server, else the one with the shortest expected delay. Same job as `ip_vs_nq.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, expected_delay, is_usable, least_loaded};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct NeverQueue;

impl Scheduler for NeverQueue {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        let idle = servers.iter().position(|server| is_usable(server) && server.active_conns() == 0);
        idle.or_else(|| least_loaded(servers, is_usable, expected_delay))
    }
}
