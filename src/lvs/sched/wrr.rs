//! Weighted round robin, interleaved as the kernel does it. Same job as `ip_vs_wrr.c`.
//!
//! A pick goes on from the position to the next server with weight >= `current`; at the end of the list
//! `current` falls by the common divisor, and starts again at `max` when it is used up.

use std::sync::Arc;

use super::{Flow, Scheduler, ServerChange, weight};
use crate::lvs::service::RealServer;

#[derive(Debug)]
pub(super) struct WeightedRoundRobin {
    /// The server chosen last; None is the head of the list.
    position: Option<usize>,
    current: i64,
    max: i64,
    divisor: i64,
}

impl WeightedRoundRobin {
    pub(super) fn new(servers: &[Arc<RealServer>]) -> Self {
        let (divisor, max) = measure(servers);
        Self { position: None, current: max, max, divisor }
    }

    /// One server onwards: the next with weight >= `current`, falling to lower weights at each end.
    fn find(&self, servers: &[Arc<RealServer>]) -> Option<(usize, i64)> {
        let start = self.position.map_or(0, |position| position + 1);
        let mut current = self.current;
        let mut at = start;
        let mut wrapped = false;
        // `last_pass`: weights were used up once, so the pass that starts at `max` is the final one.
        let mut last_pass = false;
        loop {
            while at < servers.len() {
                let server = &servers[at];
                if !server.is_overloaded() && weight(server) as i64 >= current && current > 0 {
                    return Some((at, current));
                }
                at += 1;
            }
            current -= self.divisor;
            if current <= 0 {
                if last_pass || self.max <= 0 {
                    return None;
                }
                last_pass = wrapped;
                current = self.max;
            }
            wrapped = true;
            at = 0;
        }
    }
}

impl Scheduler for WeightedRoundRobin {
    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        let Some((at, current)) = self.find(servers) else {
            self.position = None;
            return None;
        };
        self.position = Some(at);
        self.current = current;
        Some(at)
    }

    fn servers_changed(&mut self, servers: &[Arc<RealServer>], _change: ServerChange) {
        (self.divisor, self.max) = measure(servers);
        self.position = None;
        if self.current > self.max || self.current == 0 {
            self.current = self.max;
        } else if self.divisor > 1 {
            self.current = self.current / self.divisor * self.divisor + 1;
        }
    }
}

/// The common divisor of all weights above 0 (1 when there is none), and the weight to start a turn at.
fn measure(servers: &[Arc<RealServer>]) -> (i64, i64) {
    let weights = || servers.iter().map(|server| weight(server) as i64).filter(|weight| *weight > 0);
    let divisor = weights().reduce(gcd).unwrap_or(1);
    let max = weights().max().map_or(0, |max| max - (divisor - 1));
    (divisor, max)
}

const fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
