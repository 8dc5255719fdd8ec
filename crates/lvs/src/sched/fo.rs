//! Weighted failover: the usable server with the highest weight. Same job as `ip_vs_fo.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, heaviest, is_usable};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct Failover;

impl Scheduler for Failover {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        heaviest(servers, is_usable)
    }
}
