//! Shortest expected delay: the least (active + 1) / weight. Same job as `ip_vs_sed.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, expected_delay, is_usable, least_loaded};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct ShortestExpectedDelay;

impl Scheduler for ShortestExpectedDelay {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        least_loaded(servers, is_usable, expected_delay)
    }
}
