//! Weighted least connections: the least overhead / weight. Same job as `ip_vs_wlc.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, is_usable, least_loaded, overhead};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct WeightedLeastConnection;

impl Scheduler for WeightedLeastConnection {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        least_loaded(servers, is_usable, overhead)
    }
}
