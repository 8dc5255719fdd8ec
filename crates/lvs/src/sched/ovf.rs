//! Overflow: the highest weight that the active connections do not exceed yet. Same job as `ip_vs_ovf.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, heaviest, is_usable, weight};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct Overflow;

impl Scheduler for Overflow {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        heaviest(servers, |server| is_usable(server) && u64::from(server.active_conns()) <= weight(server))
    }
}
