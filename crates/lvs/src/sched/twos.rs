//! Power of two choices: two draws by weight, the less loaded of them wins. Same job as `ip_vs_twos.c`.

use std::sync::Arc;

use super::{Flow, Scheduler, SchedulerClass, is_usable, overhead, weight};
use crate::service::RealServer;

#[derive(Clone, Debug)]
pub(super) struct PowerOfTwo;

impl Scheduler for PowerOfTwo {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::Load { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], flow: &Flow) -> Option<usize> {
        let total: u64 = usable(servers).map(|(_, server)| weight(server)).sum();
        // The kernel draws from 0..=total, so the first server is a little likelier than its weight says.
        let (high, low) = (flow.draw >> 32, flow.draw & u64::from(u32::MAX));
        let first = drawn(servers, high % (total + 1))?;
        let second = drawn(servers, low % (total + 1))?;
        let scaled =
            |of: usize, by: usize| u128::from(overhead(&servers[of])) * u128::from(weight(&servers[by]));
        Some(if scaled(first, second) > scaled(second, first) { second } else { first })
    }
}

fn usable(servers: &[Arc<RealServer>]) -> impl Iterator<Item = (usize, &RealServer)> {
    servers.iter().map(AsRef::as_ref).enumerate().filter(|(_, server)| is_usable(server))
}

/// The server in whose share of the weights `ticket` lies.
fn drawn(servers: &[Arc<RealServer>], ticket: u64) -> Option<usize> {
    let mut reached = 0;
    usable(servers)
        .find(|(_, server)| {
            reached += weight(server);
            reached >= ticket
        })
        .map(|(at, _)| at)
}
