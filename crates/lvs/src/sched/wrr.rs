//! Weighted round robin, interleaved as the kernel does it. Same job as `ip_vs_wrr.c`.
//!
//! A pick goes on from the position to the next server with weight >= `current`; at the end of the list
//! `current` falls by the common divisor, and starts again at `max` when it is used up.

use std::sync::Arc;

use super::{Cursor, Flow, Scheduler, SchedulerClass, ServerChange, gcd, weight};
use crate::service::RealServer;

#[derive(Clone, Debug)]
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

    /// One server onwards: the next with weight >= `current`, falling to lower weights at each end of the list.
    /// Gives up after a whole pass at the lowest weight.
    fn advance(&mut self, servers: &[Arc<RealServer>]) -> Option<usize> {
        let last = self.position;
        let (mut next, mut stop) = (last.map_or(0, |last| last + 1), None);
        let (mut is_last_pass, mut restarted) = (false, false);
        loop {
            for (at, server) in servers.iter().enumerate().skip(next) {
                if !server.is_overloaded() && signed_weight(server) >= self.current {
                    self.position = Some(at);
                    return self.position;
                }
                if stop == Some(at) {
                    self.position = stop;
                    return None;
                }
            }
            next = 0;
            self.current -= self.divisor;
            if self.current <= 0 {
                self.current = self.max;
                if is_last_pass || last.is_none() {
                    self.position = None;
                    return None;
                }
                restarted = true;
            }
            is_last_pass = self.current <= self.divisor;
            if is_last_pass && restarted {
                // What lies behind `last` was tried at the lowest weight already.
                stop = last;
            }
        }
    }
}

impl Scheduler for WeightedRoundRobin {
    fn class(&self) -> SchedulerClass {
        SchedulerClass::RoundRobin { weighted: true }
    }

    fn schedule(&mut self, servers: &[Arc<RealServer>], _flow: &Flow) -> Option<usize> {
        if self.max == 0 { None } else { self.advance(servers) }
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

    fn cursor(&self) -> Option<Cursor> {
        Some(Cursor { last: self.position, weight: self.current })
    }

    /// A weight that none of the servers has now is not gone on from.
    fn resume(&mut self, cursor: Cursor) {
        if (1..=self.max).contains(&cursor.weight) {
            (self.position, self.current) = (cursor.last, cursor.weight);
        }
    }
}

/// The common divisor of all weights above 0 (1 when there is none), and the weight to start a turn at.
fn measure(servers: &[Arc<RealServer>]) -> (i64, i64) {
    let weights = || servers.iter().map(|server| weight(server)).filter(|weight| *weight > 0);
    let divisor = weights().reduce(gcd).unwrap_or(1);
    let max = weights().max().map_or(0, |max| max - (divisor - 1));
    (divisor.cast_signed(), max.cast_signed())
}

fn signed_weight(server: &RealServer) -> i64 {
    i64::from(server.weight())
}
