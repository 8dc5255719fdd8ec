//! Least connections, weights ignored except 0. Same job as `ip_vs_lc.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, is_usable, overhead};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct LeastConnection;

impl Scheduler for LeastConnection {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: false }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        let usable = servers.iter().enumerate().filter(|(_, server)| is_usable(server));
        usable.min_by_key(|(_, server)| overhead(server)).map(|(at, _)| at)
    }
}
